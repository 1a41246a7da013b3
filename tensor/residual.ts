import { add, clone, type Tensor, type Tensor2D } from '@tensorflow/tfjs-core';
import { defineOperation } from './operation.js';

const operation = defineOperation<'a' | 'b', object>({
  name: 'Residual',
  compose: ({ a, b }) => [add(a, b)],
  torch: (aten, { a, b }) => [aten.one('aten::add.Tensor', [a, b])],
  gradient: {
    of: ['a', 'b'],
    inputs: [],
    outputs: false,
    // Clones share the values: a gradient is owned by whoever receives it, so one tensor cannot be handed out twice.
    compose: (dy: Tensor) => [clone(dy), clone(dy)],
  },
});

/** a + b, both [tokens, hidden]. No broadcasting. */
export function residual(a: Tensor2D, b: Tensor2D): Tensor2D {
  return operation({ a, b }, {}) as Tensor2D;
}
