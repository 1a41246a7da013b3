import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Mixture } from '../../data/mixture.js';
import { permute } from '../../data/permutation.js';
import { Fault } from '../../plan/fault.js';

const part = (name: string, length: number, weight: number) => ({ name, weight, pairs: { length } });

describe('permute', () => {
  it('is a shuffle: each place goes to another, inside', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), fc.nat(), (size, key) => {
        const places = new Set(Array.from({ length: size }, (_, i) => permute(i, size, key)));
        return places.size === size && [...places].every((place) => place >= 0 && place < size);
      }),
    );
  });

  it('differs by key', () => {
    const shuffle = (key: number): number[] => Array.from({ length: 50 }, (_, i) => permute(i, 50, key));
    expect(shuffle(1)).not.toEqual(shuffle(2));
    expect(shuffle(1)).not.toEqual(Array.from({ length: 50 }, (_, i) => i));
  });
});

describe('Mixture', () => {
  const parts = [part('vl', 40, 14), part('hq', 30, 6), part('public', 100, 80)];
  const of = (batches: 'same-source' | 'mixed', seed = 1) => new Mixture(parts, { seed, batchSize: 10, batches });

  it('gives the same batch for the same step, whatever was asked before', () => {
    const [walked, jumped] = [of('mixed'), of('mixed')];
    const all = Array.from({ length: 30 }, (_, step) => walked.batch(step));
    expect(jumped.batch(29)).toEqual(all[29]);
    expect(of('mixed', 2).batch(29)).not.toEqual(all[29]);
  });

  it.each(['same-source', 'mixed'] as const)('holds the shares in every hundred slots (%s)', (batches) => {
    const mixture = of(batches);
    const slots = batches === 'mixed' ? 10 : 100;
    const counts = [0, 0, 0];
    for (let step = 0; step < slots; step++) for (const { source } of mixture.batch(step)) counts[source]!++;
    const total = counts.reduce((a, b) => a + b, 0);
    expect(counts.map((n) => n / total)).toEqual([0.14, 0.06, 0.8]);
  });

  it('takes a batch from one source, unless mixed', () => {
    for (let step = 0; step < 20; step++)
      expect(
        new Set(
          of('same-source')
            .batch(step)
            .map((p) => p.source),
        ).size,
      ).toBe(1);
    const mixed = [0, 1, 2, 3, 4].map(
      (step) =>
        new Set(
          of('mixed')
            .batch(step)
            .map((p) => p.source),
        ).size,
    );
    expect(Math.max(...mixed)).toBe(3);
  });

  it('meets every pair of a source once in each pass', () => {
    const mixture = new Mixture([part('only', 24, 1)], { seed: 5, batchSize: 8, batches: 'same-source' });
    for (const pass of [0, 1]) {
      const met = [0, 1, 2].flatMap((step) => mixture.batch(pass * 3 + step));
      expect(met.map(({ epoch }) => epoch)).toEqual(Array(24).fill(pass));
      expect(new Set(met.map(({ pair }) => pair)).size).toBe(24);
    }
  });

  it('refuses a batch larger than the data', () => {
    const small = [part('a', 5, 1), part('b', 50, 1)];
    const make = (batches: 'same-source' | 'mixed', batchSize: number) => () =>
      new Mixture(small, { seed: 1, batchSize, batches });
    expect(make('same-source', 6)).toThrow(/at least 6 pairs in source a .* got 5\. Lower train.batch_size/);
    expect(make('mixed', 6)).not.toThrow();
    expect(make('mixed', 56)).toThrow(Fault);
  });
});
