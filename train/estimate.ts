import { type Batch, makeBatches } from '../data/batch.js';
import { disposeEncoder, type Encoder } from '../encoder/encoder.js';
import type { RunPlan } from '../plan/schema.js';
import type { Parameter } from '../tensor/parameter.js';
import { disposeObjective, type Objective } from './objective.js';
import { prepare } from './prepare.js';
import { lossAndGradients } from './step.js';

/** What a plan would do, as `--dry-run` prints it. */
export interface Estimate {
  readonly parameters: number;
  /** Of these, or beside them in an adapter, what changes. */
  readonly trained: number;
  readonly steps: number;
  /** Pairs in each source. */
  readonly pairs: Readonly<Record<string, number>>;
  /** Of the whole run, from a sample of its batches. */
  readonly tokens: number;
  readonly memoryBytes: number;
  readonly tokensPerSecond: number;
  readonly seconds: number;
  readonly backend: string;
}

function sizeOf(parameters: readonly Parameter[]): number {
  return parameters.reduce((sum, { tensor }) => sum + tensor.size, 0);
}

// Enough batches for a mean within a few percent, few enough to be instant.
const sampled = 50;
// Pairs in the measured step: large enough that matrices have their usual shape, small enough for a few seconds.
const measuredPairs = 4;

/** Reads everything that training would read, and measures a small step. Writes nothing but the token cache. */
export async function estimate(plan: RunPlan, say: (line: string) => void = () => {}): Promise<Estimate> {
  const { sources, backend, encoder, objective, batches, total: steps } = await prepare(plan, null, say);
  const counts = Array.from({ length: Math.min(steps, sampled) }, (_, i) => batches.at(i).tokens);
  const tokens = (counts.reduce((a, b) => a + b, 0) / counts.length) * steps;
  const trained = sizeOf(encoder.parameters);
  const parameters = trained + sizeOf(encoder.frozen);
  const few = { ...plan.train, batch_size: Math.min(measuredPairs, plan.train.batch_size) };
  const small = (await makeBatches(sources, { ...plan, train: few }, encoder)).at(0);
  const cut = Math.max(...counts) > plan.train.micro_batch_tokens;
  const tokensPerSecond = measure(encoder, objective, small, cut);
  const memoryBytes = memory(encoder, Math.max(...counts), plan);
  disposeEncoder(encoder);
  disposeObjective(objective);
  return {
    parameters,
    trained,
    steps,
    pairs: Object.fromEntries(sources.map(({ name, pairs }) => [name, pairs.length])),
    tokens: Math.round(tokens),
    memoryBytes,
    tokensPerSecond,
    seconds: tokens / tokensPerSecond,
    backend: backend.description,
  };
}

/**
 * Tokens a second of forward and backward over a small batch, cut in two where the plan's own batches will be cut; the
 * first of two goes is warm-up.
 */
function measure(encoder: Encoder, objective: Objective, batch: Batch, cutInTwo: boolean): number {
  const cut = { microBatchTokens: cutInTwo ? Math.ceil(batch.tokens / 2) : batch.tokens, seed: [0] };
  let seconds = 0;
  for (let go = 0; go < 2; go++) {
    const began = performance.now();
    for (const gradient of lossAndGradients(encoder, objective, batch, cut).gradients) gradient.dispose();
    seconds = (performance.now() - began) / 1000;
  }
  return batch.tokens / seconds;
}

// The process with libtorch loaded, and what the backward pass and the allocator take beside the kept activations:
// measured on MiniLM (8,000 to 10,000 tokens a step: 2.8 to 2.9 GiB).
const processBytes = 0.4 * 2 ** 30;
const besideKept = 1.4;
// GradCache's embeddings, their copy in order, and their gradients.
const embeddingsHeld = 3;

/**
 * Weights, gradients and two moments, and what each layer keeps of a token until its backward pass. A batch larger than
 * a micro-batch keeps no more than a micro-batch does, but a second set of gradients, and the embeddings of all of it.
 */
function memory({ architecture, parameters, frozen }: Encoder, tokens: number, plan: RunPlan): number {
  const { layers, hidden, intermediate } = architecture;
  const trained = sizeOf(parameters);
  const { batch_size: queries, micro_batch_tokens: limit } = plan.train;
  const keptInLayer = 8 * hidden + 2 * intermediate;
  const keptInLayers = plan.train.gradient_checkpointing ? layers * hidden + keptInLayer : layers * keptInLayer;
  const kept = besideKept * Math.min(tokens, limit) * (keptInLayers + 4 * hidden);
  const atOnce = processBytes + 4 * (sizeOf(frozen) + 4 * trained + kept);
  if (tokens <= limit) return atOnce;
  const texts = queries * (2 + plan.data.negatives.per_query);
  return atOnce + 4 * (trained + embeddingsHeld * texts * hidden);
}
