import type { Scalar, Tensor2D } from '@tensorflow/tfjs-core';

/** A batch under one model: queries [queries, width]; documents [queries · (1 + negatives), width]. */
export interface Embeddings {
  readonly queries: Tensor2D;
  /** The positives in the queries' order, then the first query's hard negatives, the second's, … */
  readonly documents: Tensor2D;
}

/** What a loss is given: the model's embeddings, and what is known of the batch besides. */
export interface LossInput extends Embeddings {
  /** Hard negatives of each query. */
  readonly negatives: number;
  /** A teacher's scores [queries, 1 + negatives], the positive's first; null where the sources carry none. */
  readonly scores: Tensor2D | null;
  /** A number for each query's and each document's text: equal for texts that the model reads as the same tokens. */
  readonly texts: { readonly queries: Int32Array; readonly documents: Int32Array };
  /** The batch under each guide model, in the order in which the plan's guards name them. */
  readonly guides: readonly Embeddings[];
}

/** A batch's loss: one number, differentiable with respect to `queries` and `documents`. */
export type Loss = (input: LossInput) => Scalar;
