import { add, concat, mul, type Scalar, zeros } from '@tensorflow/tfjs-core';
import { positivesFirst, queriesFirst } from './contest.js';
import { type ContestLoss, contestLoss } from './contest-loss.js';
import { ownDocuments } from './guards.js';
import type { LossInput } from './loss.js';
import { withGradients } from './with-gradients.js';

/** Which documents compete for a query, and in which directions. */
export interface InfoNCE extends ContestLoss {
  /** true: every document of the batch; false: the query's own positive and hard negatives alone. */
  readonly inBatch: boolean;
  /** Also asks of each positive which query it belongs to, and takes the mean of both losses. In-batch only. */
  readonly symmetric: boolean;
}

/**
 * InfoNCE (van den Oord et al. 2018), the mean over queries of −log softmax of the positive's score q·d / temperature.
 * The scores are never held whole, and nothing is approximated.
 */
export function infoNCE(input: LossInput, { inBatch, symmetric, ...options }: InfoNCE): Scalar {
  const how = inBatch ? options : { ...options, guards: [...options.guards, ownDocuments] };
  return withGradients(input.queries, input.documents, (queries, documents) => {
    const given = { ...input, queries, documents };
    const forward = contestLoss(queriesFirst(given), how);
    if (!symmetric) return { value: forward.value, queries: forward.anchors, documents: forward.candidates };
    const backward = contestLoss(positivesFirst(given), how);
    const [rest, width] = [documents.shape[0] - queries.shape[0], documents.shape[1]];
    const onDocuments = rest === 0 ? backward.anchors : concat([backward.anchors, zeros([rest, width])]);
    return {
      value: mul(add(forward.value, backward.value), 0.5),
      queries: mul(add(forward.anchors, backward.candidates), 0.5),
      documents: mul(add(forward.candidates, onDocuments), 0.5),
    };
  });
}
