import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { partsOf } from '../../data/bands.js';
import { crowdingOf, crowdingOfMixed } from '../../data/crowding.js';
import { Deal } from '../../data/deal.js';
import { FaultLog } from '../../data/fault-log.js';
import { Mixture, type MixtureOptions, type Part, type Pick } from '../../data/mixture.js';
import type { Source } from '../../data/pairs.js';
import { permute } from '../../data/permutation.js';
import { Fault } from '../../plan/fault.js';

const part = (name: string, length: number, weight: number) => ({ name, source: name, weight, pairs: { length } });

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

/** What a mixture's steps hold, without regard to texts. */
function walk(mixture: Mixture, steps: number): Pick[][] {
  return Array.from({ length: steps }, (_, step) => mixture.draw(mixture.turnOf(step)));
}

describe('Mixture', () => {
  const parts = [part('vl', 40, 14), part('hq', 30, 6), part('public', 100, 80)];
  const of = (batches: 'same-source' | 'mixed', seed = 1) => new Mixture(parts, { seed, batchSize: 10, batches });

  it('gives the same batch for the same step, whatever was asked before', () => {
    const all = walk(of('mixed'), 30);
    const jumped = of('mixed');
    expect(jumped.draw(jumped.turnOf(29))).toEqual(all[29]);
    expect(walk(of('mixed', 2), 30)[29]).not.toEqual(all[29]);
  });

  it.each(['same-source', 'mixed'] as const)('holds the shares in every hundred slots (%s)', (batches) => {
    const mixture = of(batches);
    const slots = batches === 'mixed' ? 10 : 100;
    const counts = [0, 0, 0];
    for (const { part: k } of walk(mixture, slots).flat()) counts[k]!++;
    const total = counts.reduce((a, b) => a + b, 0);
    expect(counts.map((n) => n / total)).toEqual([0.14, 0.06, 0.8]);
  });

  it('takes a batch from one source, unless mixed', () => {
    const parts = (batch: readonly Pick[]): number => new Set(batch.map((pick) => pick.part)).size;
    expect(walk(of('same-source'), 20).map(parts)).toEqual(Array(20).fill(1));
    expect(Math.max(...walk(of('mixed'), 5).map(parts))).toBe(3);
  });

  it('meets every pair of a source once in each pass', () => {
    const mixture = new Mixture([part('only', 24, 1)], { seed: 5, batchSize: 8, batches: 'same-source' });
    for (const pass of [0, 1]) {
      const met = walk(mixture, 6)
        .slice(pass * 3, pass * 3 + 3)
        .flat();
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

  const run = (parts: Part[], options: Partial<MixtureOptions>, steps: number): Record<string, number> => {
    const mixture = new Mixture(parts, { seed: 3, batchSize: 10, batches: 'mixed', ...options });
    const counts: Record<string, number> = {};
    for (const { part: k } of walk(mixture, steps).flat()) counts[parts[k]!.name] = (counts[parts[k]!.name] ?? 0) + 1;
    return counts;
  };

  it('takes sources by their size at temperature 1, by its square root at 2', () => {
    const sized = [part('small', 100, 1), part('large', 900, 1)];
    expect(run(sized, { temperature: 1 }, 100)).toEqual({ small: 100, large: 900 });
    expect(run(sized, { temperature: 2 }, 100)).toEqual({ small: 250, large: 750 });
  });

  it.each(['mixed', 'same-source'] as const)('takes exactly as many as counts say in each pass (%s)', (batches) => {
    const counted = [
      { ...part('a', 1000, 1), count: 30 },
      { ...part('b', 50, 1), count: 170 },
    ];
    expect(run(counted, { batches }, 20)).toEqual({ a: 30, b: 170 });
    expect(run(counted, { batches }, 60)).toEqual({ a: 90, b: 510 });
    const mixture = new Mixture(counted, { seed: 1, batchSize: 10, batches });
    expect(mixture.size).toBe(200);
  });

  it.each(['mixed', 'same-source'] as const)(
    'changes weights along a curriculum, and goes on in each source’s pass (%s)',
    (batches) => {
      const three = [part('vl', 40, 1), part('hq', 40, 1), { ...part('easy/1', 40, 1), source: 'easy' }];
      const stages = [
        { from: '0%', weights: { vl: 1 } },
        { from: '50%', weights: { vl: 1, hq: 3 } },
        { from: '90%', weights: { 'easy/1': 1 } },
      ];
      const options = { batches, curriculum: { stages, steps: () => 80 } };
      const mixture = new Mixture(three, { seed: 3, batchSize: 10, ...options });
      const steps = walk(mixture, 80);
      const counts = (from: number, end: number): number[] => {
        const held = [0, 0, 0];
        for (const pick of steps.slice(from, end).flat()) held[pick.part]!++;
        return held;
      };
      expect(counts(0, 40)).toEqual([400, 0, 0]);
      expect(counts(40, 72).map((n) => n / 320)[0]).toBeCloseTo(0.25, 1);
      expect(counts(72, 80)).toEqual([0, 0, 80]);
      // A source's passes go on over the stages: every pair before any again.
      for (const k of [0, 1]) {
        const met = steps.flat().filter((pick) => pick.part === k);
        const first = met.slice(0, 40);
        expect(new Set(first.map(({ pair }) => pair)).size).toBe(40);
      }
    },
  );
});

describe('Deal', () => {
  const texts = (pick: Pick): number[] => [pick.pair, 1000 + Math.floor(pick.pair / 3)];
  const dealOf = (change: Partial<ConstructorParameters<typeof Deal>[0]> = {}, size = 300, batchSize = 20) => {
    const mixture = new Mixture([part('only', size, 1)], { seed: 5, batchSize, batches: 'same-source' });
    return new Deal({ mixture, batchSize, seed: 5, textsOf: texts, lengthOf: null, ...change });
  };

  it('has no text twice in a batch, and every pair once in a pass', () => {
    const deal = dealOf();
    const steps = Array.from({ length: 30 }, (_, step) => deal.batch(step));
    for (const batch of steps) {
      const all = batch.flatMap(texts);
      expect(new Set(all).size).toBe(all.length);
      expect(batch).toHaveLength(20);
    }
    for (const pass of [0, 1]) {
      const met = steps.slice(pass * 15, pass * 15 + 15).flat();
      expect(new Set(met.map(({ pair }) => pair)).size).toBe(300);
    }
  });

  it('gives a step the same batch, whatever was asked before', () => {
    const deal = dealOf({}, 5000);
    const walked = Array.from({ length: 260 }, (_, step) => deal.batch(step));
    for (const step of [259, 3, 128, 70]) expect(dealOf({}, 5000).batch(step)).toEqual(walked[step]);
  });

  it('leaves out of a pass what no batch can take, and says so by a smaller batch', () => {
    const deal = dealOf({ textsOf: ({ pair }) => [pair < 100 ? -1 : pair] });
    const batches = Array.from({ length: 15 }, (_, step) => deal.batch(step));
    const first = batches.flatMap((batch) => batch.filter(({ pair }) => pair < 100));
    expect(first).toHaveLength(15);
    expect(batches.flat()).toHaveLength(215);
  });

  it('makes batches of like lengths, in no order of length', () => {
    const lengthOf = ({ pair }: Pick): number => (pair * 37) % 300;
    const spread = (deal: Deal): number[] =>
      Array.from({ length: 15 }, (_, step) => {
        const lengths = deal.batch(step).map(lengthOf);
        return Math.max(...lengths) - Math.min(...lengths);
      });
    const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
    expect(mean(spread(dealOf()))).toBeGreaterThan(200);
    expect(mean(spread(dealOf({ lengthOf })))).toBeLessThan(40);
    const means = Array.from({ length: 15 }, (_, step) => mean(dealOf({ lengthOf }).batch(step).map(lengthOf)));
    expect(means).not.toEqual([...means].sort((a, b) => a - b));
  });
});

describe('crowding', () => {
  const of = (positives: number[]): Source => ({
    name: 'few',
    weight: 1,
    queries: positives.map((_, i) => `q${i}`),
    instructions: positives.map(() => ''),
    documents: ['a', 'b', 'c', 'd', 'e', 'f'],
    ids: [...'abcdef'],
    barred: positives.map(() => []),
    labelOf: String,
    pairs: positives.map((positive, query) => ({ query, positive, negatives: [] })),
    maxLength: {},
    faults: new FaultLog('stop'),
  });

  it('is told where a text is in more pairs than there are batches, as many as the deal leaves out', () => {
    const crowded = of([0, 0, 0, 0, 1, 2, 3, 4, 5]);
    expect(crowdingOf(crowded, 4)).toMatch(/^few: at least 1 of 9 pairs are left out of each pass, .* the 3 batches/);
    expect(crowdingOf(crowded, 2)).toBeNull();
    const mixture = new Mixture([part('few', 9, 1)], { seed: 1, batchSize: 4, batches: 'same-source' });
    const textsOf = ({ pair }: Pick): number[] => [pair + 10, crowded.pairs[pair]!.positive];
    const deal = new Deal({ mixture, batchSize: 4, seed: 1, textsOf, lengthOf: null });
    const met = [0, 1, 2].flatMap((step) => deal.batch(step)).filter(({ epoch }) => epoch === 0);
    expect(met.length).toBeLessThanOrEqual(8);
  });
});

describe('crowding of mixed batches', () => {
  it('counts a text over all sources, and a source’s pairs as often as they come', () => {
    // Two sources of 6 pairs: in each, three pairs have one and the same positive. No source alone has too many.
    const parts = [part('a', 6, 1), part('b', 6, 1)];
    const textsOf = ({ part: p, pair }: Pick): [number, number] => [
      100 * p + pair,
      pair < 3 ? 7 : 1000 + 100 * p + pair,
    ];
    const counted = parts.map((given) => ({ ...given, count: 6 }));
    const of = (given: Part[], batchSize: number) => {
      const mixture = new Mixture(given, { seed: 5, batchSize, batches: 'mixed' });
      return { mixture, told: crowdingOfMixed(mixture, batchSize, textsOf) };
    };
    expect(of(counted, 3).told).toMatch(/^mixed batches: at least 2 of 12 pairs are left out .* the 4 batches/);
    expect(of(counted, 2).told).toBeNull();
    const { mixture } = of(counted, 3);
    const deal = new Deal({ mixture, batchSize: 3, seed: 5, textsOf, lengthOf: null });
    expect([0, 1, 2, 3].flatMap((step) => deal.batch(step)).length).toBe(10);
  });
});

describe('bands', () => {
  const source: Source = {
    name: 'vl',
    weight: 3,
    queries: ['a', 'bb', 'ccc', 'dddd'],
    instructions: ['', '', '', ''],
    documents: ['x', 'n1', 'n2', 'n3', 'n4'],
    ids: ['0', '1', '2', '3', '4'],
    barred: [[], [], [], []],
    labelOf: (i) => `pair ${i}`,
    pairs: [3, 0, 2, 1].map((query) => ({ query, positive: 0, negatives: [1, 2, 3, 4] })),
    maxLength: {},
    faults: new FaultLog('stop'),
  };

  it('by length are the pairs in rising order, cut', () => {
    const [easy, hard] = partsOf(source, { bands: { by: 'length', into: 2 } });
    expect([easy, hard].map((band) => [band?.name, band?.source, band?.weight])).toEqual([
      ['vl/1', 'vl', 1.5],
      ['vl/2', 'vl', 1.5],
    ]);
    expect([easy, hard].map((band) => band?.pairs.map(({ query }) => query))).toEqual([
      [0, 1],
      [2, 3],
    ]);
    expect(easy?.labelOf(0)).toBe('pair 1');
  });

  it('by negative rank are all pairs, the easiest with the last of their negatives', () => {
    const bands = partsOf(source, { bands: { by: 'negative-rank', into: 2 } });
    expect(bands.map(({ pairs }) => [pairs.length, pairs[0]?.negatives])).toEqual([
      [4, [3, 4]],
      [4, [1, 2]],
    ]);
  });
});
