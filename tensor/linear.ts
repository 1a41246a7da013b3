import { add, matMul, sum, type Tensor, type Tensor1D, type Tensor2D, transpose } from '@tensorflow/tfjs-core';
import { defineOperation } from './operation.js';

const operation = defineOperation<'x' | 'weight' | 'bias', object>({
  name: 'Linear',
  // Transposed beforehand: wasm's fast matrix product takes two matrices as they lie; its other one is 15 times slower.
  compose: ({ x, weight, bias }) => [add(matMul(x as Tensor2D, transpose(weight) as Tensor2D), bias)],
  torch: (aten, { x, weight, bias }) => [aten.one('aten::linear', [x, weight, bias])],
  gradient: {
    of: ['x', 'weight', 'bias'],
    inputs: ['x', 'weight'],
    outputs: false,
    compose: (dy, { x, weight }) => [
      matMul(dy as Tensor2D, weight as Tensor2D),
      matMul(transpose(dy) as Tensor2D, x as Tensor2D),
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
