import { add, matMul, sum, type Tensor, type Tensor1D, type Tensor2D } from '@tensorflow/tfjs-core';
import { defineOperation } from './operation.js';

const operation = defineOperation<'x' | 'weight' | 'bias', object>({
  name: 'Linear',
  compose: ({ x, weight, bias }) => [add(matMul(x as Tensor2D, weight as Tensor2D, false, true), bias)],
  torch: (aten, { x, weight, bias }) => [aten.one('aten::linear', [x, weight, bias])],
  gradient: {
    of: ['x', 'weight', 'bias'],
    inputs: ['x', 'weight'],
    outputs: false,
    compose: (dy, { x, weight }) => [
      matMul(dy as Tensor2D, weight as Tensor2D),
      matMul(dy as Tensor2D, x as Tensor2D, true, false),
      sum(dy, 0),
    ],
    torch: (aten, dy, { x, weight }) => [
      aten.one('aten::mm', [dy, weight]),
      aten.one('aten::mm', [aten.one('aten::t', [dy]), x]),
      aten.one('aten::sum.dim_IntList', [dy, [0]]),
    ],
  },
});

/** x [tokens, in] · weightᵀ [in, out] + bias [out]; the weight is stored [out, in], as PyTorch stores it. */
export function linear(x: Tensor2D, weight: Tensor2D, bias: Tensor1D): Tensor2D {
  return operation({ x, weight, bias } satisfies Record<string, Tensor>, {}) as Tensor2D;
}
