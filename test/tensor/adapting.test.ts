import { type Tensor, type Tensor2D, tensor1d, tensor2d, tidy } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { gradients } from '../../tensor/autograd.js';
import { liveTensors, useBackend } from '../../tensor/backend.js';
import { drawAt } from '../../tensor/chance.js';
import { dropout } from '../../tensor/dropout.js';
import { gelu } from '../../tensor/gelu.js';
import { linear } from '../../tensor/linear.js';
import { linearGelu } from '../../tensor/linear-gelu.js';
import { lowRank } from '../../tensor/low-rank.js';
import { lower, raise } from '../../tensor/precision.js';
import { recomputed, unrecorded } from '../../tensor/recompute.js';
import { residual } from '../../tensor/residual.js';
import { largestDifference } from '../support/close.js';

function matrix(seed: number, rows: number, columns: number): Tensor2D {
  return tensor2d(
    Float32Array.from({ length: rows * columns }, (_, i) => drawAt(seed, i) / 2 ** 31 - 1),
    [rows, columns],
  );
}

/** What a function and its gradients give, freed. */
function results(f: () => Tensor, xs: Tensor[], dy?: Tensor): Float32Array[] {
  const made = gradients(f, xs, dy);
  const all = [made.value, ...(made.gradients as Tensor[])];
  const values = all.map((t) => Float32Array.from(t.dataSync()));
  for (const t of all) t.dispose();
  return values;
}

describe.each(['torch', 'wasm'] as const)('on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  it('a low-rank addition is what two projections give, and its gradients', () => {
    const before = liveTensors();
    const [base, x, down, up, dy] = [
      matrix(1, 5, 6),
      matrix(2, 5, 4),
      matrix(3, 2, 4),
      matrix(4, 6, 2),
      matrix(5, 5, 6),
    ];
    const xs = [base, x, down, up];
    // up scaled by hand: its gradient comes out without the factor.
    const scaled = unrecorded(() => tensor2d(up.dataSync().map((v) => v * 0.5) as Float32Array, [6, 2]));
    const wanted = results(
      () => residual(base, linear(linear(x, down, null), scaled, null)),
      [base, x, down, scaled],
      dy,
    );
    const got = results(() => lowRank(base, x, down, up, 0.5), xs, dy);
    got.forEach((values, i) => {
      const reference = i === 4 ? wanted[i]!.map((v) => v * 0.5) : wanted[i]!;
      expect(largestDifference(values, reference)).toBeLessThan(1e-6);
    });
    for (const t of [...xs, dy, scaled]) t.dispose();
    expect(liveTensors()).toEqual(before);
  });

  it('a low-rank addition to activations in bfloat16 has gradients in the types of its inputs', () => {
    const [base, x, down, up] = [matrix(1, 50, 6), matrix(2, 50, 4), matrix(3, 2, 4), matrix(4, 6, 2)];
    const exact = results(() => lowRank(base, x, down, up, 0.5), [base, x, down, up]);
    const rounded = results(() => raise(lowRank(lower(base), lower(x), down, up, 0.5)), [base, x, down, up]);
    rounded.forEach((values, i) => {
      expect(largestDifference(values, exact[i]!)).toBeLessThan(0.05 * Math.max(...exact[i]!.map(Math.abs)));
    });
    for (const t of [base, x, down, up]) t.dispose();
  });

  it('a projection and its GELU in one pass are the two, where nothing is recorded and where it is', () => {
    const before = liveTensors();
    const [x, weight] = [matrix(1, 120, 96), matrix(2, 112, 96)];
    const bias = tensor1d(Float32Array.from({ length: 112 }, (_, i) => drawAt(3, i) / 2 ** 31 - 1));
    const two = (): Tensor2D => gelu(linear(x, weight, bias));
    const once = tidy(() => linearGelu(x, weight, bias).dataSync());
    expect(
      largestDifference(
        once,
        tidy(() => two().dataSync()),
      ),
    ).toBeLessThan(1e-5);
    const wanted = results(two, [x, weight, bias]);
    results(() => linearGelu(x, weight, bias), [x, weight, bias]).forEach((values, i) => {
      expect(largestDifference(values, wanted[i]!)).toBeLessThan(1e-5);
    });
    for (const t of [x, weight, bias]) t.dispose();
    expect(liveTensors()).toEqual(before);
  });

  it('dropout drops its share, the same for a seed, and its gradient likewise', () => {
    const x = tensor2d(new Float32Array(200 * 50).fill(2), [200, 50]);
    const [value, slope] = results(() => dropout(x, 0.2, 4_000_000_007), [x]);
    const wanted = Float32Array.from({ length: x.size }, (_, i) =>
      drawAt(4_000_000_007, i) < 0.2 * 2 ** 32 ? 0 : 1.25,
    );
    expect(largestDifference(slope!, wanted)).toBeLessThan(1e-6);
    expect(
      largestDifference(
        value!,
        wanted.map((v) => 2 * v),
      ),
    ).toBeLessThan(1e-6);
    const dropped = wanted.filter((v) => v === 0).length / x.size;
    expect(Math.abs(dropped - 0.2)).toBeLessThan(0.02);
    const [other] = results(() => dropout(x, 0.2, 8), [x]);
    const both = other!.filter((v, i) => v === 0 && wanted[i] === 0).length / x.size;
    expect(Math.abs(both - 0.04)).toBeLessThan(0.01);
    x.dispose();
  });

  it('what is computed anew has the gradients of what was kept, within another too', () => {
    const before = liveTensors();
    const [x, w, shared] = [matrix(1, 5, 4), matrix(2, 4, 4), matrix(3, 5, 4)];
    const layer = (h: Tensor2D, s: Tensor2D): Tensor2D => residual(gelu(linear(dropout(h, 0.3, 7), w, null)), s);
    const kept = (): Tensor => layer(layer(x, shared), shared);
    const anew = (): Tensor => {
      const once = (h: Tensor2D, s: Tensor2D): Tensor2D => recomputed(layer, [h, s], [w]);
      return recomputed((h: Tensor2D, s: Tensor2D) => once(once(h, s), s), [x, shared], [w]);
    };
    const wanted = results(kept, [x, w, shared]);
    expect(results(anew, [x, w, shared])).toEqual(wanted);
    // A weight alone, as where what comes before is frozen.
    expect(results(anew, [w])).toEqual([wanted[0], wanted[2]]);
    // Outside of a backward pass it is f.
    const value = anew();
    expect(value.dataSync()).toEqual(wanted[0]);
    for (const t of [x, w, shared, value]) t.dispose();
    expect(liveTensors()).toEqual(before);
  });
});
