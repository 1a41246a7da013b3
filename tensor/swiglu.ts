import { add, mul, sigmoid, sub, type Tensor2D } from '@tensorflow/tfjs-core';
import { defineOperation } from './operation.js';

const operation = defineOperation<'gate' | 'x', object>({
  name: 'Swiglu',
  compose: ({ gate, x }) => [mul(mul(gate, sigmoid(gate)), x)],
  torch: (aten, { gate, x }) => [aten.one('aten::mul_.Tensor', [aten.one('aten::silu', [gate]), x])],
  gradient: {
    of: ['gate', 'x'],
    inputs: ['gate', 'x'],
    outputs: false,
    // d/dg g·σ(g) = σ(g)·(1 + g·(1 - σ(g)))
    compose: (dy, { gate, x }) => {
      const open = sigmoid(gate);
      const slope = mul(open, add(mul(gate, sub(1, open)), 1));
      return [mul(mul(dy, x), slope), mul(dy, mul(gate, open))];
    },
    torch: (aten, dy, { gate, x }) => [
      aten.one('aten::silu_backward', [aten.one('aten::mul.Tensor', [dy, x]), gate]),
      aten.one('aten::mul_.Tensor', [aten.one('aten::silu', [gate]), dy]),
    ],
  },
});

/** SiLU(gate) · x, elementwise (SwiGLU, Shazeer 2020). */
export function swiglu(gate: Tensor2D, x: Tensor2D): Tensor2D {
  return operation({ gate, x }, {}) as Tensor2D;
}
