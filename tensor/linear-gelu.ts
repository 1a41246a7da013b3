import { engine, type Tensor, type Tensor1D, type Tensor2D } from '@tensorflow/tfjs-core';
import { gelu } from './gelu.js';
import { linear } from './linear.js';
import { defineOperation } from './operation.js';
import { projectionGelu } from './torch/product.js';

type Inputs = Readonly<Record<'x' | 'weight' | 'bias', Tensor>>;

function composed({ x, weight, bias }: Inputs): Tensor2D {
  return gelu(linear(x as Tensor2D, weight as Tensor2D, bias as Tensor1D));
}

const operation = defineOperation<'x' | 'weight' | 'bias', object>({
  name: 'LinearGelu',
  compose: (inputs) => [composed(inputs)],
  torch: (aten, { x, weight, bias }) => [projectionGelu(aten, x, aten.as(weight, x), bias)],
  gradient: {
    of: ['x', 'weight', 'bias'],
    inputs: [],
    outputs: false,
    compose: () => {
      throw new Error('GELU of a projection in one pass keeps nothing for a gradient.');
    },
  },
});

/** gelu(linear(x, weight, bias)): in one pass where no backward pass is to come, else in two that keep what it reads. */
export function linearGelu(x: Tensor2D, weight: Tensor2D, bias: Tensor1D): Tensor2D {
  const inputs = { x, weight, bias };
  return engine().isTapeOn() ? composed(inputs) : (operation(inputs, {}) as Tensor2D);
}
