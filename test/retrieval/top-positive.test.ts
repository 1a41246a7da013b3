import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareRanked } from '../../retrieval/ranking.js';
import { idOrder } from '../../retrieval/top-k.js';
import { TopPositive } from '../../retrieval/top-positive.js';

const sorted = (ids: string[], scores: number[], k: number) =>
  ids
    .map((id, i) => ({ id, score: Math.fround(scores[i]!) }))
    .filter(({ score }) => score > 0)
    .sort(compareRanked)
    .slice(0, k);

describe('TopPositive', () => {
  // Few different scores, some equal only as float32; 1e-6 of the best is in the part of what rounds down to nothing.
  const score = fc.oneof(
    fc.constantFrom(0, 0, 1, 1 + 1e-9, 1 - 1e-9, 0.1, Math.fround(0.1), 1e-6, 1e-40),
    fc.double({ min: 0, max: 30, noNaN: true }),
  );
  const corpus = fc
    .uniqueArray(fc.string({ unit: 'binary', minLength: 1, maxLength: 6 }), { maxLength: 150 })
    .chain((ids) =>
      fc.record({
        ids: fc.constant(ids),
        queries: fc.array(fc.array(score, { minLength: ids.length, maxLength: ids.length }), { maxLength: 3 }),
        k: fc.integer({ min: 0, max: 160 }),
      }),
    );

  it('keeps what a full sort puts first, query after query', () => {
    fc.assert(
      fc.property(corpus, ({ ids, queries, k }) => {
        const top = new TopPositive(idOrder(ids));
        for (const scores of queries)
          expect(top.take(Float64Array.from(scores), k, ids)).toEqual(sorted(ids, scores, k));
      }),
      { numRuns: 500 },
    );
  });

  it('settles many ties by id, descending', () => {
    const ids = Array.from({ length: 5000 }, (_, i) => `d${i}`);
    const scores = ids.map((_, i) => 1 + (i % 3));
    expect(new TopPositive(idOrder(ids)).take(Float64Array.from(scores), 2000, ids)).toEqual(sorted(ids, scores, 2000));
  });
});
