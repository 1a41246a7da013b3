import { add, matMul, sum, type Tensor1D, type Tensor2D, transpose } from '@tensorflow/tfjs-core';
import { defineOperation, type Operation } from './operation.js';
import { columnSums } from './torch/column-sums.js';
import { projection, turned, weightGradient } from './torch/product.js';

interface Attributes {
  readonly biased: boolean;
}

const forward: Pick<Operation<'x' | 'weight', Attributes, 'bias'>, 'compose' | 'torch'> = {
  // Transposed beforehand: wasm's fast matrix product takes two matrices as they lie; its other one is 15 times slower.
  compose: ({ x, weight, bias }) => {
    const product = matMul(x as Tensor2D, transpose(weight) as Tensor2D);
    return [bias ? add(product, bias) : product];
  },
  // Weights are float32; where x is bfloat16, the product is, which adds up in float32.
  torch: (aten, { x, weight, bias }) => [projection(aten, x, aten.as(weight, x), bias ?? null)],
};

const operation = defineOperation<'x' | 'weight', Attributes, 'bias'>({
  name: 'Linear',
  ...forward,
  gradient: {
    of: ['x', 'weight', 'bias'],
    inputs: ['x', 'weight'],
    outputs: false,
    compose: (dy, { x, weight }, _y, { biased }) => [
      matMul(dy as Tensor2D, weight as Tensor2D),
      matMul(transpose(dy) as Tensor2D, x as Tensor2D),
      ...(biased ? [sum(dy, 0)] : []),
    ],
    torch: (aten, dy, { x, weight }, _y, { biased }) => [
      projection(aten, dy, turned(aten, aten.as(weight, dy)), null),
      aten.as(weightGradient(aten, dy, x), weight),
      ...(biased ? [columnSums(aten, dy)] : []),
    ],
  },
});

// A weight that does not train: its gradient is not computed, and x not kept for it.
const frozen = defineOperation<'x' | 'weight', Attributes, 'bias'>({
  name: 'FrozenLinear',
  ...forward,
  gradient: {
    of: ['x'],
    inputs: ['weight'],
    outputs: false,
    compose: (dy, { weight }) => [matMul(dy as Tensor2D, weight as Tensor2D)],
    torch: (aten, dy, { weight }) => [projection(aten, dy, turned(aten, aten.as(weight, dy)), null)],
  },
});

/** x [tokens, in] · weightᵀ [in, out] + bias [out], if any; the weight is stored [out, in], as PyTorch stores it. */
export function linear(x: Tensor2D, weight: Tensor2D, bias: Tensor1D | null): Tensor2D {
  return operation(bias ? { x, weight, bias } : { x, weight }, { biased: bias !== null }) as Tensor2D;
}

/** `linear` whose weight and bias are constants: only x has a gradient. */
export function frozenLinear(x: Tensor2D, weight: Tensor2D, bias: Tensor1D | null): Tensor2D {
  return frozen(bias ? { x, weight, bias } : { x, weight }, { biased: bias !== null }) as Tensor2D;
}
