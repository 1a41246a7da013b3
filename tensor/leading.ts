import { concat, slice, type Tensor2D, zeros } from '@tensorflow/tfjs-core';
import { defineOperation } from './operation.js';

const operation = defineOperation<'x', { from: number; width: number }>({
  name: 'Leading',
  compose: ({ x }, { width }) => [slice(x as Tensor2D, [0, 0], [-1, width])],
  gradient: {
    of: ['x'],
    inputs: [],
    outputs: false,
    compose: (dy, _x, _y, { from, width }) => [
      from === width ? dy.clone() : concat([dy as Tensor2D, zeros([dy.shape[0] as number, from - width])], 1),
    ],
  },
});

/** The first `width` columns of x [rows, columns] → [rows, width]. */
export function leading(x: Tensor2D, width: number): Tensor2D {
  return operation({ x }, { from: x.shape[1], width }) as Tensor2D;
}
