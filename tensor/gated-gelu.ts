import { add, concat, div, erf, exp, mul, neg, split, square, type Tensor, type Tensor2D } from '@tensorflow/tfjs-core';
import { defineOperation } from './operation.js';

/** The exact normal distribution's Φ(x). */
function cdf(x: Tensor): Tensor {
  return mul(add(erf(mul(x, Math.SQRT1_2)), 1), 0.5);
}

const operation = defineOperation<'x', object>({
  name: 'GatedGelu',
  compose: ({ x }) => {
    const [input, gate] = split(x, 2, 1) as [Tensor, Tensor];
    return [mul(mul(input, cdf(input)), gate)];
  },
  torch: (aten, { x }) => {
    const [input, gate] = aten.many('aten::chunk', [x, 2, 1]);
    return [aten.one('aten::mul_.Tensor', [aten.one('aten::gelu', [input!]), gate!])];
  },
  gradient: {
    of: ['x'],
    inputs: ['x'],
    outputs: false,
    // d/dx x·Φ(x) = Φ(x) + x·φ(x)
    compose: (dy, { x }) => {
      const [input, gate] = split(x, 2, 1) as [Tensor, Tensor];
      const below = cdf(input);
      const density = div(exp(neg(mul(square(input), 0.5))), Math.sqrt(2 * Math.PI));
      const dInput = mul(mul(dy, gate), add(below, mul(input, density)));
      return [concat([dInput, mul(dy, mul(input, below))], 1)];
    },
    torch: (aten, dy, { x }) => {
      const [input, gate] = aten.many('aten::chunk', [x, 2, 1]);
      const dInput = aten.one('aten::gelu_backward', [aten.one('aten::mul.Tensor', [dy, gate!]), input!]);
      const dGate = aten.one('aten::mul_.Tensor', [aten.one('aten::gelu', [input!]), dy]);
      return [aten.one('aten::cat', [[dInput, dGate], 1])];
    },
  },
});

/** GELU of the first half of x's columns times the second (GeGLU, Shazeer 2020): [tokens, 2 · n] → [tokens, n]. */
export function gatedGelu(x: Tensor2D): Tensor2D {
  return operation({ x }, {}) as Tensor2D;
}
