import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareRanked, type Ranked } from '../../retrieval/ranking.js';
import { idOrder, TopK } from '../../retrieval/top-k.js';

const wholeId = fc.string({ unit: 'binary', minLength: 1, maxLength: 6 });

describe('idOrder', () => {
  it('gives each id its rank in byte order, and each rank its document', () => {
    const { ranks, places } = idOrder(['b', '10', '', 'B', '9', '😀', '\uFF5E']);
    expect([...ranks]).toEqual([4, 1, 0, 3, 2, 6, 5]);
    expect([...places]).toEqual([2, 1, 4, 3, 0, 6, 5]);
  });
});

describe('TopK', () => {
  // Few different scores, some of them equal only as float32, so that ties are common.
  const score = fc.oneof(
    fc.constantFrom(0, -0, 1, 1 + 1e-9, 1 - 1e-9, 0.1, Math.fround(0.1), -3, Number.POSITIVE_INFINITY),
    fc.float({ noNaN: true }),
  );
  const offers = fc.uniqueArray(wholeId, { maxLength: 40 }).chain((ids) =>
    fc.record({
      ids: fc.constant(ids),
      scores: fc.array(score, { minLength: ids.length, maxLength: ids.length }),
      order: fc.shuffledSubarray([...ids.keys()], { minLength: ids.length }),
      k: fc.integer({ min: 1, max: 50 }),
    }),
  );

  function sorted(ids: string[], scores: number[], k: number): Ranked {
    const all = ids.map((id, i) => ({ id, score: Math.fround(scores[i]!) + 0 }));
    return all
      .filter((one) => one.score !== Number.NEGATIVE_INFINITY)
      .sort(compareRanked)
      .slice(0, k);
  }

  it('keeps what a full sort puts first, in any order of offering, and can be used again', () => {
    fc.assert(
      fc.property(offers, ({ ids, scores, order, k }) => {
        const expected = sorted(ids, scores, k);
        const top = new TopK(k, idOrder(ids));
        for (const i of order) top.offer(i, scores[i]!);
        expect(top.take(ids)).toEqual(expected);
        expect(top.take(ids)).toEqual([]);
        const half = ids.length >> 1;
        top.offerBlock(Float32Array.from(scores.slice(half)), half);
        top.offerBlock(Float32Array.from(scores.slice(0, half)), 0);
        expect(top.take(ids)).toEqual(expected);
      }),
      { numRuns: 500 },
    );
  });

  it('settles ties by id, descending', () => {
    const ids = ['a', 'c', 'b'];
    const top = new TopK(2, idOrder(ids));
    top.offerBlock(new Float32Array([1, 1, 1]), 0);
    expect(top.take(ids)).toEqual([
      { id: 'c', score: 1 },
      { id: 'b', score: 1 },
    ]);
  });

  it('leaves out -Infinity and refuses NaN, also when it is full', () => {
    const ids = ['a', 'b'];
    const top = new TopK(1, idOrder(ids));
    top.offer(0, Number.NEGATIVE_INFINITY);
    expect(top.take(ids)).toEqual([]);
    expect(() => top.offer(1, Number.NaN)).toThrow('the score of document 1 is not a number');
    top.offer(0, 1);
    expect(() => top.offerBlock(new Float32Array([Number.NaN]), 1)).toThrow('not a number');
  });
});
