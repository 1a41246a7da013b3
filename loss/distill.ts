import {
  add,
  concat,
  div,
  exp,
  logSumExp,
  mul,
  reshape,
  type Scalar,
  slice,
  sub,
  sum,
  type Tensor,
  type Tensor2D,
} from '@tensorflow/tfjs-core';
import type { LossInput } from './loss.js';
import { withGradients } from './with-gradients.js';

export interface Distill {
  /** Of the student: its similarities are divided by it. */
  readonly temperature: number;
  /** Of the teacher: its scores are divided by it. */
  readonly teacherTemperature: number;
}

function logSoftmax(scores: Tensor): Tensor {
  return sub(scores, logSumExp(scores, 1, true));
}

/**
 * KL(teacher ‖ student), the mean over queries: each a softmax over the query's own positive and hard negatives, of the
 * teacher's scores (a reranker's, say) and of the student's similarities (as in RocketQAv2, Ren et al. 2021, and BGE).
 */
export function distill(input: LossInput, scores: Tensor2D, { temperature, teacherTemperature }: Distill): Scalar {
  return withGradients(input.queries, input.documents, (q, d) => {
    const [queries, width] = q.shape;
    const k = d.shape[0] / queries - 1;
    const positives = slice(d, [0, 0], [queries, -1]);
    const negatives = reshape(slice(d, [queries, 0], [-1, -1]), [queries, k, width]);
    const each = reshape(q, [queries, 1, width]);
    const similarities: Tensor2D[] = [sum(mul(q, positives), 1, true), sum(mul(each, negatives), 2)];
    const student = logSoftmax(div(concat(similarities, 1), temperature));
    const teacher = logSoftmax(div(scores, teacherTemperature));
    const wanted = exp(teacher);
    const value: Scalar = div(sum(mul(wanted, sub(teacher, student))), queries);

    const slopes: Tensor2D = mul(sub(exp(student), wanted), 1 / (temperature * queries));
    const onPositives = slice(slopes, [0, 0], [-1, 1]);
    const onNegatives = reshape(slice(slopes, [0, 1], [-1, k]), [queries, k, 1]);
    const towards = sum(mul(onNegatives, negatives), 1);
    return {
      value,
      queries: add(mul(onPositives, positives), towards),
      documents: concat([mul(onPositives, q) as Tensor2D, reshape(mul(onNegatives, each), [queries * k, width])]),
    };
  });
}
