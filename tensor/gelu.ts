import { add, div, erf, exp, mul, neg, square, type Tensor2D } from '@tensorflow/tfjs-core';
import { defineOperation } from './operation.js';

const operation = defineOperation<'x', object>({
  name: 'Gelu',
  compose: ({ x }) => [mul(mul(x, 0.5), add(erf(mul(x, Math.SQRT1_2)), 1))],
  torch: (aten, { x }) => [aten.one('aten::gelu', [x])],
  gradient: {
    of: ['x'],
    inputs: ['x'],
    outputs: false,
    // d/dx x·Φ(x) = Φ(x) + x·φ(x)
    compose: (dy, { x }) => {
      const cdf = mul(add(erf(mul(x, Math.SQRT1_2)), 1), 0.5);
      const density = div(exp(neg(mul(square(x), 0.5))), Math.sqrt(2 * Math.PI));
      return [mul(dy, add(cdf, mul(x, density)))];
    },
    torch: (aten, dy, { x }) => [aten.one('aten::gelu_backward', [dy, x])],
  },
});

/** The exact GELU, x·Φ(x) (Hendrycks & Gimpel 2016), elementwise. */
export function gelu(x: Tensor2D): Tensor2D {
  return operation({ x }, {}) as Tensor2D;
}
