import { type Scalar, type Tensor2D, tensor2d } from '@tensorflow/tfjs-core';
import type { Batch } from '../data/batch.js';
import type { Source } from '../data/pairs.js';
import { encode } from '../encoder/encode.js';
import { disposeEncoder, type Encoder, loadEncoder, type Side } from '../encoder/encoder.js';
import { fetchModel } from '../encoder/fetch/fetch-model.js';
import type { Embeddings, Loss, LossInput } from '../loss/loss.js';
import { makeLoss } from '../loss/make-loss.js';
import { Fault } from '../plan/fault.js';
import type { LossPlan, RunPlan } from '../plan/schema.js';
import { normalize } from '../tensor/normalize.js';

/** What a run minimizes: its loss, and the models that judge a batch for it. */
export interface Objective {
  readonly loss: Loss;
  /** The guards' models, in the order in which the plan names them. */
  readonly guides: readonly Encoder[];
}

/** Makes a plan's objective. Throws a Fault where sources or model lack what it needs. */
export async function makeObjective(plan: RunPlan, encoder: Encoder, sources: readonly Source[]): Promise<Objective> {
  checkWidths(plan.loss, encoder.architecture.hidden);
  if (plan.loss.type === 'distill') checkScores(sources);
  const models =
    plan.loss.type === 'infonce' ? plan.loss.guards.flatMap((g) => (g.type === 'guide' ? [g.model] : [])) : [];
  const guides: Encoder[] = [];
  for (const model of models) guides.push(loadEncoder(await fetchModel(model)));
  return { loss: await makeLoss(plan.loss, encoder.settings.normalize), guides };
}

function checkWidths(plan: LossPlan, width: number): void {
  const wide = plan.matryoshka?.find((w) => w > width);
  if (wide === undefined) return;
  throw new Fault(`Expected loss.matryoshka of at most ${width}, the model's own width, got ${wide}. Lower it.`);
}

function checkScores(sources: readonly Source[]): void {
  for (const { name, pairs, labelOf } of sources) {
    const without = pairs.findIndex(({ scores }) => !scores);
    if (without < 0) continue;
    throw new Fault(
      `Expected pos_scores and neg_scores for loss.type: distill in source ${name}, got none for ${labelOf(without)}. ` +
        'Add the teacher’s scores, or set loss.type: infonce.',
    );
  }
}

export function disposeObjective({ guides }: Objective): void {
  for (const guide of guides) disposeEncoder(guide);
}

/** The loss of one batch as a function of its embeddings. What it holds of the batch is the caller's tidy scope's. */
export function lossOf({ loss, guides }: Objective, batch: Batch): (queries: Tensor2D, documents: Tensor2D) => Scalar {
  const { length } = batch.queries;
  const known: Omit<LossInput, keyof Embeddings> = {
    negatives: batch.documents.length / length - 1,
    scores: batch.scores && tensor2d(batch.scores, [length, batch.scores.length / length]),
    texts: { queries: textNumbers(batch.queries), documents: textNumbers(batch.documents) },
    guides: guides.map((guide) => embedTexts(guide, batch.texts())),
  };
  return (queries, documents) => loss({ ...known, queries, documents });
}

/** A number for each sequence of token ids, the same for equal ones. */
function textNumbers(sequences: readonly Int32Array[]): Int32Array {
  const numbers = new Map<string, number>();
  return Int32Array.from(sequences, (ids) => {
    const key = Buffer.from(ids.buffer, ids.byteOffset, ids.byteLength).toString('latin1');
    const known = numbers.get(key) ?? numbers.size;
    numbers.set(key, known);
    return known;
  });
}

/** A batch's texts as a guide sees them: its own tokens, prompts and lengths. Scores are cosines, as in GISTEmbed. */
function embedTexts(encoder: Encoder, texts: { queries: string[]; documents: string[] }): Embeddings {
  const { prompt, max_length: longest } = encoder.settings;
  const embed = (side: Side, given: readonly string[]): Tensor2D => {
    const ids = given.map((text) => encoder.tokenizer.encode(prompt[side] + text, longest[side]));
    const { values, width } = encode(encoder, ids, side);
    return normalize(tensor2d(values, [given.length, width]));
  };
  return { queries: embed('query', texts.queries), documents: embed('document', texts.documents) };
}
