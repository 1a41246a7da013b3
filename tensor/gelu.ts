import { add, mul, type Tensor2D } from '@tensorflow/tfjs-core';
import { normalBelow, normalDensity } from './normal.js';
import { defineOperation } from './operation.js';

const operation = defineOperation<'x', object>({
  name: 'Gelu',
  compose: ({ x }) => [mul(x, normalBelow(x))],
  torch: (aten, { x }) => [aten.one('aten::gelu', [x])],
  gradient: {
    of: ['x'],
    inputs: ['x'],
    outputs: false,
    // d/dx x·Φ(x) = Φ(x) + x·φ(x)
    compose: (dy, { x }) => [mul(dy, add(normalBelow(x), mul(x, normalDensity(x))))],
    torch: (aten, dy, { x }) => [aten.one('aten::gelu_backward', [dy, x])],
  },
});

/** The exact GELU, x·Φ(x) (Hendrycks & Gimpel 2016), elementwise. */
export function gelu(x: Tensor2D): Tensor2D {
  return operation({ x }, {}) as Tensor2D;
}
