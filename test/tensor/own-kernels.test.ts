import { engine } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { useBackend } from '../../tensor/backend.js';
import type { Handle } from '../../tensor/torch/addon.js';
import { Aten } from '../../tensor/torch/aten.js';
import type { TorchBackend } from '../../tensor/torch/backend.js';
import { columnSums } from '../../tensor/torch/column-sums.js';
import { product, turned } from '../../tensor/torch/product.js';
import { scalarTypes } from '../../tensor/torch/scalar-types.js';
import { largestDifference } from '../support/close.js';

function random(size: number): Float32Array {
  return Float32Array.from({ length: size }, (_, i) => Math.sin(i * 12.9898) * Math.cos(i * 78.233));
}

describe('what the torch backend computes by other kernels than libtorch would take', () => {
  let aten: Aten;
  beforeAll(async () => {
    await useBackend('torch');
    const { addon, device } = engine().backend as TorchBackend;
    aten = new Aten(addon, device);
    return () => aten.close();
  });
  const numbers = (handle: Handle): Float32Array => aten.addon.toArray(handle) as Float32Array;

  it.each([1, 511, 512, 1025])('sums columns of %i rows as libtorch does, in float32 for bfloat16 too', (rows) => {
    const x = aten.from(random(rows * 48), [rows, 48]);
    const half = aten.one('aten::_to_copy', [x], { dtype: scalarTypes.bfloat16 });
    for (const given of [x, half]) {
      const exact = aten.one('aten::sum.dim_IntList', [given, [0], false], { dtype: 7 });
      const made = columnSums(aten, given);
      expect(aten.addon.scalarType(made)).toBe(scalarTypes.float32);
      expect(largestDifference(numbers(made), numbers(exact))).toBeLessThan(1e-4);
    }
  });

  it('sums columns that are no multiple of a vector, and rows that lie apart', () => {
    const x = aten.from(random(30 * 35), [30, 35]);
    expect(
      largestDifference(numbers(columnSums(aten, x)), numbers(aten.one('aten::sum.dim_IntList', [x, [0]]))),
    ).toBeLessThan(1e-4);
    const part = aten.one('aten::narrow', [aten.from(random(40 * 64), [40, 64]), 1, 16, 32]);
    expect(
      largestDifference(numbers(columnSums(aten, part)), numbers(aten.one('aten::sum.dim_IntList', [part, [0]]))),
    ).toBeLessThan(1e-4);
  });

  it('multiplies matrices, turned or not, as libtorch does, on either side of where oneDNN takes over', () => {
    for (const [rows, inner, columns] of [
      [3, 5, 4],
      [130, 96, 112],
    ] as const) {
      const a = aten.from(random(rows * inner), [rows, inner]);
      const b = aten.from(random(columns * inner), [columns, inner]);
      const bias = aten.from(random(columns), [columns]);
      const wide = (h: Handle): Handle => aten.one('aten::_to_copy', [h], { dtype: 7 });
      const exact = numbers(aten.one('aten::linear', [wide(a), wide(b), wide(bias)]));
      expect(largestDifference(numbers(product(aten, a, b, bias)), exact)).toBeLessThan(1e-4);
      const across = turned(aten, aten.one('aten::contiguous', [turned(aten, b)]));
      expect(largestDifference(numbers(product(aten, a, across, bias)), exact)).toBeLessThan(1e-4);
    }
  });
});
