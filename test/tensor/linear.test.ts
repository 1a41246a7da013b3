import { engine, type Tensor1D, type Tensor2D, tensor1d, tensor2d, tidy } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { liveTensors, useBackend } from '../../tensor/backend.js';
import { gelu } from '../../tensor/gelu.js';
import { layerNorm } from '../../tensor/layer-norm.js';
import { linear } from '../../tensor/linear.js';
import { linearGelu } from '../../tensor/linear-gelu.js';
import { linearNorm } from '../../tensor/linear-norm.js';
import { lower, raise } from '../../tensor/precision.js';
import { residual } from '../../tensor/residual.js';
import type { TorchBackend } from '../../tensor/torch/backend.js';
import { largestDifference } from '../support/close.js';

function numbers(size: number, seed: number): Float32Array {
  return Float32Array.from({ length: size }, (_, i) => Math.sin(i * 12.9898 + seed) * Math.cos(i * 78.233));
}

/** A projection of `rows` rows from 96 to `columns`, and what may follow it. */
function given(rows: number, columns: number) {
  const matrix = (height: number, width: number, seed: number): Tensor2D =>
    tensor2d(numbers(height * width, seed), [height, width]);
  const list = (seed: number): Tensor1D => tensor1d(numbers(columns, seed));
  return {
    x: matrix(rows, 96, 1),
    weight: matrix(columns, 96, 2),
    bias: list(3),
    skip: matrix(rows, columns, 4),
    gain: list(5),
    shift: list(6),
  };
}

// Outputs here are below 32: a bfloat16's last place is 1/8 there, and two roundings (libtorch rounds the bias first) no more.
const rounding = 1 / 12;

describe.each(['torch', 'wasm', 'tensorflow'] as const)('projections on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  it.each([48, 50])('are in one pass what they are in two or three, to %i columns', (columns) => {
    const before = liveTensors();
    tidy(() => {
      const { x, weight, bias, skip, gain, shift } = given(37, columns);
      const plain = linear(x, weight, bias);
      expect(largestDifference(linearGelu(x, weight, bias).dataSync(), gelu(plain).dataSync())).toBeLessThan(1e-5);
      const norm = linearNorm({ x, weight, bias, skip, gain, shift }, 1e-12);
      const exact = layerNorm(residual(plain, skip), gain, shift, 1e-12);
      expect(largestDifference(norm.dataSync(), exact.dataSync())).toBeLessThan(1e-5);
    });
    expect(liveTensors()).toEqual(before);
  });
});

describe('projections in bfloat16', () => {
  beforeAll(() => useBackend('torch'));

  // 50 columns fill no vector register: libtorch does those.
  it.each([
    [37, 48],
    [1, 48],
    [100, 50],
  ])('are float32 but for rounding, %i rows of %i', (rows, columns) => {
    const before = liveTensors();
    tidy(() => {
      const made = given(rows, columns);
      // What bfloat16 holds of the inputs is what float32 is given as well.
      const [x, weight, skip] = [made.x, made.weight, made.skip].map((of) => raise(lower(of))) as [
        Tensor2D,
        Tensor2D,
        Tensor2D,
      ];
      const { bias, gain, shift } = made;
      const exact = linear(x, weight, bias);
      const stored = lower(x);
      const half = linear(stored, weight, bias);
      const apart = (a: Tensor2D, b: Tensor2D): number => largestDifference(raise(a).dataSync(), b.dataSync());
      expect(apart(half, exact)).toBeLessThan(rounding);
      expect(apart(linearGelu(stored, weight, bias), gelu(exact))).toBeLessThan(rounding);
      const norm = linearNorm({ x: stored, weight, bias, skip: lower(skip), gain, shift }, 1e-12);
      expect(apart(norm, layerNorm(residual(exact, skip), gain, shift, 1e-12))).toBeLessThan(rounding);
    });
    expect(liveTensors()).toEqual(before);
  });

  it("adds up a weight's gradient in float32", () => {
    const { addon } = engine().backend as TorchBackend;
    const [rows, columns, inner] = [300, 48, 96];
    const made = (width: number, seed: number) => {
      const whole = addon.fromArray(numbers(rows * width, seed), [rows, width], 'cpu');
      return addon.call('aten::_to_copy', [whole], { dtype: 15 }) as typeof whole;
    };
    const [dy, x] = [made(columns, 1), made(inner, 2)];
    const values = (of: typeof x) => addon.toArray(addon.call('aten::_to_copy', [of], { dtype: 6 }) as typeof x);
    const [left, right] = [values(dy), values(x)];
    const sums = addon.toArray(addon.call('reasontune::weight_gradient', [dy, x]) as typeof x);
    const exact = Float64Array.from(sums, (_, at) => {
      let sum = 0;
      for (let r = 0; r < rows; r++) {
        sum += left[r * columns + Math.floor(at / inner)]! * right[r * inner + (at % inner)]!;
      }
      return sum;
    });
    expect(largestDifference(sums, exact)).toBeLessThan(1e-4);
  });

  it('refuses what its kernel does not read', () => {
    const { addon } = engine().backend as TorchBackend;
    const ones = (shape: readonly number[], type = 15) => {
      const made = addon.fromArray(new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(1), shape, 'cpu');
      return addon.call('aten::_to_copy', [made], { dtype: type }) as ReturnType<typeof addon.fromArray>;
    };
    const [x, weight] = [ones([3, 32]), ones([48, 32])];
    const run =
      (...args: Parameters<typeof addon.call>[1]) =>
      () =>
        addon.call('reasontune::linear', args);
    expect(run(ones([3, 32], 6), weight, null, false)).toThrow('Expected weight of Float, got BFloat16.');
    expect(run(x, ones([48, 16]), null, false)).toThrow('Expected a weight of 32 columns, got [48, 16].');
    expect(run(x, ones([3, 32]), null, false)).toThrow(/Expected a weight of multiples of \d+, got \[3, 32\]\./);
    expect(run(x, weight, ones([47]), false)).toThrow('Expected bias as 48 floating-point numbers on the CPU.');
    const norm =
      (...args: Parameters<typeof addon.call>[1]) =>
      () =>
        addon.call('reasontune::linear_norm', args);
    expect(norm(x, weight, null, ones([2, 48]), ones([48]), null, 0)).toThrow(
      'Expected a residual of [3, 48], got [2, 48].',
    );
    expect(norm(x, weight, null, ones([3, 48]), null, null, 0)).toThrow('gain');
    const gradient =
      (...args: Parameters<typeof addon.call>[1]) =>
      () =>
        addon.call('reasontune::weight_gradient', args);
    expect(gradient(ones([3, 48], 7), x)).toThrow('Expected gradient as a CPU matrix of float32 or bfloat16.');
    expect(gradient(ones([3, 48], 6), x)).toThrow('Expected x of Float, got BFloat16.');
    expect(gradient(ones([2, 48]), x)).toThrow('Expected x of 2 rows, got [3, 32].');
    expect(gradient(ones([3, 47]), x)).toThrow(/Expected a weight of multiples of \d+, got \[47, 32\]\./);
  });
});
