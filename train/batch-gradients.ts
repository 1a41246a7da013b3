import { dispose, type Scalar, type Tensor, type Tensor2D } from '@tensorflow/tfjs-core';
import { gradients } from '../tensor/autograd.js';
import { accumulate, backwardPart, type Embed, embedAll, lossOfEmbeddings } from './grad-cache.js';
import { microBatches } from './micro-batches.js';

/** What is differentiated: how a micro-batch is embedded with which weights, and the loss of all embeddings. */
export interface Differentiated {
  readonly embed: Embed;
  /** Tokens at the beginning of each side's sequences that pooling leaves out. */
  readonly skips: readonly [queries: number, documents: number];
  readonly weights: readonly Tensor[];
  readonly loss: (queries: Tensor2D, documents: Tensor2D) => Scalar;
}

export interface BatchGradients {
  readonly loss: number;
  /** One for each weight, the caller's to dispose; null where the loss does not depend on it. */
  readonly gradients: (Tensor | null)[];
}

/** Tokens that go through the encoder at once, and what names this step's chance. */
export interface Cut {
  readonly microBatchTokens: number;
  readonly seed: readonly number[];
}

type Sides = readonly [queries: readonly Int32Array[], documents: readonly Int32Array[]];

/**
 * A batch's loss and its gradients: in one forward and backward pass where all of it fits into one micro-batch, else by
 * GradCache, in the memory of one micro-batch. Which of the two changes nothing but rounding.
 */
export function batchGradients(what: Differentiated, sides: Sides, { microBatchTokens, seed }: Cut): BatchGradients {
  const tokens = sides.flat().reduce((sum, { length }) => sum + length, 0);
  return tokens <= microBatchTokens ? atOnce(what, sides, seed) : cached(what, sides, microBatchTokens, seed);
}

function atOnce(
  { embed, skips, weights, loss }: Differentiated,
  sides: Sides,
  seed: readonly number[],
): BatchGradients {
  const [queries, documents] = sides.map((side, s) => microBatches(side, null, [...seed, s], skips[s])[0]);
  const { value, gradients: made } = gradients(
    () => loss(embed(queries!.packed, queries!.seed), embed(documents!.packed, documents!.seed)),
    weights,
  );
  const [number] = value.dataSync();
  value.dispose();
  return { loss: number as number, gradients: made };
}

function cached(
  { embed, skips, weights, loss }: Differentiated,
  sides: Sides,
  limit: number,
  seed: readonly number[],
): BatchGradients {
  const parts = sides.map((side, s) => microBatches(side, limit, [...seed, s], skips[s]));
  const embedded = parts.map((side) => embedAll(embed, side));
  const { loss: number, cotangents } = lossOfEmbeddings((q, d) => loss(q as Tensor2D, d as Tensor2D), embedded);
  dispose(embedded);
  const sums: (Tensor | null)[] = weights.map(() => null);
  cotangents.forEach((cotangent, s) => {
    if (!cotangent) return;
    for (const part of parts[s]!) accumulate(sums, backwardPart(embed, part, cotangent, weights));
    cotangent.dispose();
  });
  return { loss: number, gradients: sums };
}
