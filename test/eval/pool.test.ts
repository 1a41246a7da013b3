import { describe, expect, it } from 'vitest';
import { cutInChunks } from '../../eval/chunks.js';
import { cutPool, poolLoss, recallCeiling, withoutPool } from '../../eval/pool.js';
import type { Qrels, Ranked, Run } from '../../retrieval/ranking.js';

const list = (...ids: string[]): Ranked => ids.map((id, i) => ({ id, score: -i }));
const qrels: Qrels = new Map([
  ['q', new Map(Object.entries({ a: 1, b: 2, c: 1, z: 0 }))],
  ['r', new Map([['d', 1]])],
  ['nothing', new Map([['a', 0]])],
]);
const retriever: Run = new Map([
  ['q', list('x', 'a', 'y', 'b')],
  ['r', list('d')],
]);

describe('a pool', () => {
  it('bounds recall by what it holds', () => {
    expect(recallCeiling(cutPool('f', retriever, 4), qrels)).toBeCloseTo((2 / 3 + 1) / 3, 12);
    expect(recallCeiling(cutPool('f', retriever, 2), qrels)).toBeCloseTo((1 / 3 + 1) / 3, 12);
  });

  it('hides the hits that it never held', () => {
    const full: Run = new Map([
      ['q', list('c', 'b', 'x', 'a')],
      ['r', list('d')],
    ]);
    expect(poolLoss(full, cutPool('f', retriever, 4), qrels)).toEqual({ hits: 4, neverHeld: 1, cutoff: 10 });
    expect(poolLoss(full, cutPool('f', retriever, 2), qrels, 2)).toEqual({ hits: 3, neverHeld: 2, cutoff: 2 });
  });
});

describe('a pool of other queries', () => {
  it('is told, and refused where it has none of the set’s', () => {
    expect(withoutPool(cutPool('f', retriever, 4), qrels, 's')).toEqual(['nothing']);
    const other = cutPool('f', new Map([['elsewhere', list('a')]]), 4);
    expect(() => withoutPool(other, qrels, 's')).toThrow(
      /Expected queries of s for the pool f, got 1 others, such as else/,
    );
    expect(() => withoutPool(cutPool('f', new Map(), 4), qrels, 's')).toThrow(/got none\. Name a ranking of that set/);
  });
});

describe('chunks', () => {
  it('are pieces of so many words, as they stand in the text', () => {
    const { texts, starts } = cutInChunks(['one two  three\nfour five', '', ' one '], 2);
    expect(texts).toEqual(['one two', 'three\nfour', 'five', '', 'one']);
    expect([...starts]).toEqual([0, 3, 4, 5]);
  });
});
