import { mul, type Tensor, type Tensor2D, tensor } from '@tensorflow/tfjs-core';
import { drawAt, rounds } from './chance.js';
import { defineOperation } from './operation.js';
import type { Handle } from './torch/addon.js';
import type { Aten } from './torch/aten.js';
import { scalarTypes } from './torch/scalar-types.js';

interface Attributes {
  readonly rate: number;
  readonly seed: number;
  readonly size: number;
}

/** Draws below this drop a number. */
function threshold(rate: number): number {
  return Math.round(rate * 2 ** 32);
}

function drop(x: Tensor, { rate, seed, size }: Attributes): Tensor {
  const kept = new Float32Array(size);
  for (let i = 0; i < size; i++) kept[i] = drawAt(seed, i) < threshold(rate) ? 0 : 1 / (1 - rate);
  return mul(x, tensor(kept, x.shape, 'float32'));
}

/** `drop` on the device: `drawAt` for all places at once, in 64-bit integers of which the lower half counts. */
function torchDrop(aten: Aten, x: Handle, { rate, seed, size }: Attributes): Handle {
  const lower = (h: Handle): Handle => aten.one('aten::bitwise_and_.Scalar', [h, 2 ** 32 - 1]);
  const fold = (h: Handle, bits: number): Handle =>
    aten.one('aten::bitwise_xor_.Tensor', [h, aten.one('aten::bitwise_right_shift.Tensor_Scalar', [h, bits])]);
  const times = (h: Handle, by: number): Handle => lower(aten.one('aten::mul_.Scalar', [h, by]));
  const seeded = (h: Handle): Handle => aten.one('aten::bitwise_xor_.Scalar', [h, seed]);
  const places = aten.one('aten::arange', [size], { dtype: scalarTypes.int64, device: aten.device });
  const drawn = fold(times(fold(seeded(times(fold(seeded(places), 16), rounds.first)), 15), rounds.second), 16);
  const kept = aten.one('aten::ge.Scalar', [drawn, threshold(rate)]);
  const dropped = aten.one('aten::mul.Tensor', [x, aten.one('aten::view_as', [kept, x])]);
  return aten.one('aten::mul_.Scalar', [dropped, 1 / (1 - rate)]);
}

const operation = defineOperation<'x', Attributes>({
  name: 'Dropout',
  compose: ({ x }, attrs) => [drop(x, attrs)],
  torch: (aten, { x }, attrs) => [torchDrop(aten, x, attrs)],
  gradient: {
    of: ['x'],
    inputs: [],
    outputs: false,
    compose: (dy, _x, _y, attrs) => [drop(dy, attrs)],
    torch: (aten, dy, _x, _y, attrs) => [torchDrop(aten, dy, attrs)],
  },
});

/**
 * x with a share `rate` of its numbers set to 0 and the others divided by 1 - rate (Srivastava et al. 2014). Which ones
 * is a function of the seed alone, the same on every backend: nothing is kept for the backward pass.
 */
export function dropout(x: Tensor2D, rate: number, seed: number): Tensor2D {
  return operation({ x }, { rate, seed, size: x.size }) as Tensor2D;
}
