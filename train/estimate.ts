import type { Batches } from '../data/batch.js';
import { disposeEncoder, type Encoder } from '../encoder/encoder.js';
import type { RunPlan } from '../plan/schema.js';
import { prepare } from './prepare.js';
import { lossAndGradients } from './step.js';

/** What a plan would do, as `--dry-run` prints it. */
export interface Estimate {
  readonly parameters: number;
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

// Enough batches for a mean within a few percent, few enough to be instant.
const sampled = 50;
// Pairs in the measured step: large enough that matrices have their usual shape, small enough for a few seconds.
const measuredPairs = 4;

/** Reads everything that training would read, and measures a small step. Writes nothing but the token cache. */
export async function estimate(plan: RunPlan): Promise<Estimate> {
  const { sources, backend, encoder, batches, total: steps } = await prepare(plan, null);
  const counts = Array.from({ length: Math.min(steps, sampled) }, (_, i) => batches.at(i).tokens);
  const tokens = (counts.reduce((a, b) => a + b, 0) / counts.length) * steps;
  const parameters = encoder.parameters.reduce((sum, p) => sum + p.tensor.size, 0);
  const tokensPerSecond = measure(encoder, batches, plan);
  const memoryBytes = memory(encoder, parameters, Math.max(...counts));
  disposeEncoder(encoder);
  return {
    parameters,
    steps,
    pairs: Object.fromEntries(sources.map(({ name, pairs }) => [name, pairs.length])),
    tokens: Math.round(tokens),
    memoryBytes,
    tokensPerSecond,
    seconds: tokens / tokensPerSecond,
    backend: backend.description,
  };
}

/** Tokens a second of forward and backward over the first pairs of the first batch; the first of two goes is warm-up. */
function measure(encoder: Encoder, batches: Batches, plan: RunPlan): number {
  const whole = batches.at(0);
  const pairs = Math.min(measuredPairs, whole.queries.length);
  const negatives = plan.data.negatives.per_query;
  const documents = [
    ...whole.documents.slice(0, pairs),
    ...whole.documents.slice(whole.queries.length, whole.queries.length + pairs * negatives),
  ];
  const part = { ...whole, queries: whole.queries.slice(0, pairs), documents };
  const tokens = [...part.queries, ...documents].reduce((sum, { length }) => sum + length, 0);
  let seconds = 0;
  for (let go = 0; go < 2; go++) {
    const began = performance.now();
    for (const gradient of lossAndGradients(encoder, part, plan.loss).gradients) gradient.dispose();
    seconds = (performance.now() - began) / 1000;
  }
  return tokens / seconds;
}

// The process with libtorch loaded, and what the backward pass and the allocator take beside the kept activations:
// measured on MiniLM (8,000 to 10,000 tokens a step: 2.8 to 2.9 GiB).
const processBytes = 0.4 * 2 ** 30;
const besideKept = 1.4;

/** Weights, gradients and two moments, and what each layer keeps of a token until its backward pass. */
function memory({ architecture }: Encoder, parameters: number, tokens: number): number {
  const { layers, hidden, intermediate } = architecture;
  const keptPerToken = layers * (8 * hidden + 2 * intermediate) + 4 * hidden;
  return processBytes + 4 * (4 * parameters + besideKept * tokens * keptPerToken);
}
