import {
  add,
  concat,
  div,
  exp,
  logSumExp,
  matMul,
  mean,
  mul,
  reshape,
  type Scalar,
  slice,
  sub,
  sum,
  type Tensor,
  type Tensor2D,
} from '@tensorflow/tfjs-core';
import { defineOperation } from './operation.js';

/** Which documents compete for a query, and in which directions. */
export interface InfoNCE {
  readonly temperature: number;
  /** true: every document of the batch; false: the query's own positive and hard negatives alone. */
  readonly inBatch: boolean;
  /** Also asks of each positive which query it belongs to, and takes the mean of both losses. In-batch only. */
  readonly symmetric: boolean;
}

interface Side {
  readonly q: Tensor2D;
  /** The positives, [queries, width]: row i belongs to query i. */
  readonly positives: Tensor2D;
  readonly d: Tensor2D;
}

function sideOf(x: { q: Tensor; d: Tensor }): Side {
  const [q, d] = [x.q as Tensor2D, x.d as Tensor2D];
  return { q, d, positives: slice(d, [0, 0], [q.shape[0], -1]) };
}

/** exp(scores) over their sum, by rows, and the log of that sum [rows, 1]. */
function softmaxRows(scores: Tensor): { weights: Tensor; logSum: Tensor } {
  const logSum = logSumExp(scores, 1, true);
  return { weights: exp(sub(scores, logSum)), logSum };
}

function dots(a: Tensor, b: Tensor): Tensor {
  return sum(mul(a, b), -1, true);
}

/** Hard negatives as [queries, k, width]: document queries + i·k + j is negative j of query i. */
function ownNegatives({ q, d }: Side): Tensor {
  const [queries, width] = q.shape;
  const k = d.shape[0] / queries - 1;
  return reshape(slice(d, [queries, 0], [-1, -1]), [queries, k, width]);
}

/** The query's own documents only: scores [queries, 1 + k]. */
function ownScores(side: Side, negatives: Tensor, temperature: number): Tensor {
  const [queries, width] = side.q.shape;
  const against = sum(mul(reshape(side.q, [queries, 1, width]), negatives), 2);
  return div(concat([dots(side.q, side.positives), against] as Tensor2D[], 1), temperature);
}

const operation = defineOperation<'q' | 'd', InfoNCE>({
  name: 'InfoNCE',
  compose: (x, { temperature, inBatch, symmetric }) => {
    const side = sideOf(x);
    const scores = inBatch
      ? div(matMul(side.q, side.d, false, true), temperature)
      : ownScores(side, ownNegatives(side), temperature);
    const positive = div(dots(side.q, side.positives), temperature);
    const forward = mean(sub(logSumExp(scores, 1, true), positive));
    if (!symmetric) return [forward];
    const backward = mean(
      sub(logSumExp(div(matMul(side.positives, side.q, false, true), temperature), 1, true), positive),
    );
    return [mul(add(forward, backward), 0.5)];
  },
  gradient: {
    of: ['q', 'd'],
    inputs: ['q', 'd'],
    outputs: false,
    compose: (dy, x, _y, options) => {
      const side = sideOf(x);
      const made = options.inBatch ? inBatchGradient(side, options) : ownGradient(side, options);
      const scale = div(dy, options.temperature * side.q.shape[0]);
      return made.map((grad) => mul(grad, scale));
    },
  },
});

/** Gradients of the sum over queries of −log softmax, before the division by temperature · queries. */
function inBatchGradient({ q, d, positives }: Side, { temperature, symmetric }: InfoNCE): [Tensor, Tensor] {
  const queries = q.shape[0];
  const { weights } = softmaxRows(div(matMul(q, d, false, true), temperature));
  const dq = sub(matMul(weights as Tensor2D, d), positives);
  const dd = addToPositives(matMul(weights as Tensor2D, q, true, false), mul(q, -1), queries);
  if (!symmetric) return [dq, dd];
  const { weights: back } = softmaxRows(div(matMul(positives, q, false, true), temperature));
  const dqBack = sub(matMul(back as Tensor2D, positives, true, false), positives);
  const dpBack = sub(matMul(back as Tensor2D, q), q);
  return [mul(add(dq, dqBack), 0.5), mul(addToPositives(dd, dpBack, queries), 0.5)];
}

/** Adds to the first rows of the documents' gradient: those of the positives. */
function addToPositives(dd: Tensor, extra: Tensor, queries: number): Tensor {
  const first = add(slice(dd as Tensor2D, [0, 0], [queries, -1]), extra);
  if (dd.shape[0] === queries) return first;
  return concat([first as Tensor2D, slice(dd as Tensor2D, [queries, 0], [-1, -1])]);
}

function ownGradient(side: Side, { temperature }: InfoNCE): [Tensor, Tensor] {
  const { q, positives } = side;
  const [queries, width] = q.shape;
  const negatives = ownNegatives(side);
  const { weights } = softmaxRows(ownScores(side, negatives, temperature));
  const k = negatives.shape[1] as number;
  const onPositive = sub(slice(weights as Tensor2D, [0, 0], [-1, 1]), 1);
  const onNegatives = reshape(slice(weights as Tensor2D, [0, 1], [-1, k]), [queries, k, 1]);
  const dq = add(mul(onPositive, positives), sum(mul(onNegatives, negatives), 1));
  const dNegatives = reshape(mul(onNegatives, reshape(q, [queries, 1, width])), [queries * k, width]);
  return [dq, concat([mul(onPositive, q) as Tensor2D, dNegatives as Tensor2D])];
}

/**
 * InfoNCE (van den Oord et al. 2018), the mean over queries of −log softmax of the positive's score q·d / temperature.
 * q [queries, width]; d [queries · (1 + k), width]: the positives in the queries' order, then k hard negatives a query.
 */
export function infoNCE(q: Tensor2D, d: Tensor2D, options: InfoNCE): Scalar {
  return operation({ q, d }, options) as Scalar;
}
