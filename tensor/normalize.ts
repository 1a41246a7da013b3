import { div, maximum, mul, sqrt, square, sub, sum, type Tensor, type Tensor2D } from '@tensorflow/tfjs-core';
import { defineOperation } from './operation.js';

// torch.nn.functional.normalize's own floor, so that a zero vector stays zero.
const floor = 1e-12;

function norms(x: Tensor): Tensor {
  return maximum(sqrt(sum(square(x), 1, true)), floor);
}

const operation = defineOperation<'x', object>({
  name: 'Normalize',
  compose: ({ x }) => [div(x, norms(x))],
  gradient: {
    of: ['x'],
    inputs: ['x'],
    outputs: true,
    compose: (dy, { x }, [y]) => [div(sub(dy, mul(y!, sum(mul(y!, dy), 1, true))), norms(x))],
  },
});

/** Each row of x [rows, width] divided by its Euclidean length. */
export function normalize(x: Tensor2D): Tensor2D {
  return operation({ x }, {}) as Tensor2D;
}
