import { add, concat, mul, split, type Tensor, type Tensor2D } from '@tensorflow/tfjs-core';
import { normalBelow, normalDensity } from './normal.js';
import { defineOperation } from './operation.js';

const operation = defineOperation<'x', object>({
  name: 'GatedGelu',
  compose: ({ x }) => {
    const [input, gate] = split(x, 2, 1) as [Tensor, Tensor];
    return [mul(mul(input, normalBelow(input)), gate)];
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
      const below = normalBelow(input);
      const dInput = mul(mul(dy, gate), add(below, mul(input, normalDensity(input))));
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
