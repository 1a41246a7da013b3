import { engine, type Tensor, type Tensor1D, type Tensor2D } from '@tensorflow/tfjs-core';
import { layerNorm } from './layer-norm.js';
import { linear } from './linear.js';
import { defineOperation } from './operation.js';
import { residual } from './residual.js';
import { projection, servesOurs } from './torch/product.js';

type Name = 'x' | 'weight' | 'bias' | 'skip' | 'gain' | 'shift';
type Inputs = Readonly<Record<Name, Tensor>>;

interface Attributes {
  readonly eps: number;
  readonly width: number;
}

function composed({ x, weight, bias, skip, gain, shift }: Inputs, eps: number): Tensor2D {
  const made = residual(linear(x as Tensor2D, weight as Tensor2D, bias as Tensor1D), skip as Tensor2D);
  return layerNorm(made, gain as Tensor1D, shift as Tensor1D, eps);
}

const operation = defineOperation<Name, Attributes>({
  name: 'LinearNorm',
  compose: (inputs, { eps }) => [composed(inputs, eps)],
  torch: (aten, { x, weight, bias, skip, gain, shift }, { eps, width }) => {
    const stored = aten.as(weight, x);
    if (servesOurs(aten, x, stored)) {
      return [aten.one('reasontune::linear_norm', [x, stored, bias, aten.as(skip, x), gain, shift, eps])];
    }
    const made = aten.one('aten::add.Tensor', [projection(aten, x, stored, bias), skip]);
    return aten.many('aten::native_layer_norm', [made, [width], gain, shift, eps]).slice(0, 1);
  },
  // A composition there: what it calls is CUDA's.
  cuda: null,
  gradient: {
    of: ['x', 'weight', 'bias', 'skip', 'gain', 'shift'],
    inputs: [],
    outputs: false,
    compose: () => {
      throw new Error('A projection normalized in one pass keeps nothing for a gradient.');
    },
  },
});

/**
 * layerNorm(linear(x, weight, bias) + skip, gain, shift): in one pass where no backward pass is to come, else in three
 * that keep what it reads. `skip` is [tokens, out], the rest as those take it.
 */
export function linearNorm(
  inputs: { x: Tensor2D; weight: Tensor2D; bias: Tensor1D; skip: Tensor2D; gain: Tensor1D; shift: Tensor1D },
  eps: number,
): Tensor2D {
  if (engine().isTapeOn()) return composed(inputs, eps);
  return operation(inputs, { eps, width: inputs.gain.size }) as Tensor2D;
}
