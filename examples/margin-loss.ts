import { matMul, mean, mul, relu, slice, sub, sum, type Tensor2D } from '@tensorflow/tfjs-core';
import type { Loss } from 'reasontune/loss';

// A loss of one's own, named in configs/own-loss.yaml: each query's positive is to score higher than every other
// document of the batch by a margin (a hinge loss, as in Weston & Watkins 1999).

const margin = 0.2;

const marginLoss: Loss = ({ queries, documents }) => {
  const positives = slice(documents, [0, 0], [queries.shape[0], -1]);
  const positive = sum(mul(queries, positives), 1, true);
  const scores: Tensor2D = matMul(queries, documents, false, true);
  // A positive against itself adds the margin alone, a constant.
  return mean(relu(sub(scores, sub(positive, margin))));
};

export default marginLoss;
