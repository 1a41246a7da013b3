import { beforeAll, describe, expect, it } from 'vitest';
import { hash32 } from '../../data/permutation.js';
import { searchExact } from '../../retrieval/dense.js';
import { compareRanked } from '../../retrieval/ranking.js';
import { useBackend } from '../../tensor/backend.js';
import { backends } from '../support/backends.js';

const width = 8;
// More than one block of documents (4,096) and of queries (256).
const [documents, queries] = [9000, 300];

/** Small whole numbers: their dot products are exact in float32, and tie often. */
function rows(count: number, salt: number): { values: Float32Array; width: number } {
  return { width, values: Float32Array.from({ length: count * width }, (_, i) => (hash32(salt, i) % 5) - 2) };
}

describe.each(backends)('exact search on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  it('finds what scoring every pair finds, ties by document id', () => {
    const [q, d] = [rows(queries, 1), rows(documents, 2)];
    const ids = Array.from({ length: documents }, (_, i) => `d${hash32(i) % 100000}-${i}`);
    const excluded = Array.from({ length: queries }, (_, i) =>
      i === 7 ? [ids[0] as string, 'not in the corpus'] : [],
    );
    const found = searchExact(q, { ...d, ids }, 20, { excluded });
    for (const i of [0, 7, 255, 256, 299]) {
      const all = ids.map((id, j) => {
        let score = 0;
        for (let k = 0; k < width; k++) score += q.values[i * width + k]! * d.values[j * width + k]!;
        return { id, score };
      });
      const wanted = all
        .filter(({ id }) => !excluded[i]?.includes(id))
        .sort(compareRanked)
        .slice(0, 20);
      expect(found[i]).toEqual(wanted);
    }
  });

  it('gives the same whatever the blocks, also of numbers that are no whole ones, within a pool, and by best chunk', () => {
    const real = (count: number, salt: number) => ({
      width,
      values: Float32Array.from({ length: count * width }, (_, i) => hash32(salt, i) / 2 ** 31 - 1),
    });
    const [q, rowsOfChunks] = [real(5, 3), real(700, 4)];
    const ids = Array.from({ length: 200 }, (_, i) => `d${i}`);
    const starts = Int32Array.from({ length: 201 }, (_, i) => (i < 100 ? i : 100 + (i - 100) * 6));
    const excluded = ids.slice(0, 5).map((id) => [id]);
    const pool = Array.from({ length: 5 }, (_, i) => ids.filter((_, d) => d % 3 === i % 3));
    for (const only of [undefined, pool]) {
      const search = (rowsPerBlock: number) =>
        searchExact(q, { ...rowsOfChunks, ids, starts }, 30, { excluded, rowsPerBlock, ...(only ? { only } : {}) });
      const whole = search(10_000);
      for (const rowsPerBlock of [1, 7, 64, 333]) expect(search(rowsPerBlock)).toEqual(whole);
      whole.forEach((found, i) => {
        const best = ids.map((id, d) => {
          let score = Number.NEGATIVE_INFINITY;
          for (let row = starts[d]!; row < starts[d + 1]!; row++) {
            let dot = 0;
            for (let k = 0; k < width; k++) dot += q.values[i * width + k]! * rowsOfChunks.values[row * width + k]!;
            score = Math.max(score, dot);
          }
          return { id, score: Math.fround(score) };
        });
        const wanted = best
          .filter(({ id }) => id !== ids[i] && (only === undefined || only[i]!.includes(id)))
          .sort(compareRanked)
          .slice(0, 30);
        expect(found).toEqual(wanted);
      });
    }
  });

  it('ties documents of one vector, more than are kept to spare, and takes them by id', () => {
    const [q, one] = [{ width, values: rows(2, 5).values.map((v) => v / 7) }, rows(1, 6).values.map((v) => v / 3)];
    const values = new Float32Array(1000 * width);
    for (let d = 0; d < 1000; d++) values.set(one, d * width);
    const ids = Array.from({ length: 1000 }, (_, i) => `d${1000 + i}`);
    const [found] = searchExact(q, { values, width, ids }, 10, { excluded: [[], []], rowsPerBlock: 37 });
    expect(found!.map(({ id }) => id)).toEqual(ids.slice(-10).reverse());
    expect(new Set(found!.map(({ score }) => score)).size).toBe(1);
  });

  it('refuses scores that are no numbers, also among chunks', () => {
    const broken = { ids: ['a'], width: 1, values: Float32Array.of(Number.NaN, 1), starts: Int32Array.of(0, 2) };
    expect(() => searchExact({ width: 1, values: Float32Array.of(1) }, broken, 1, { excluded: [[]] })).toThrow(
      /not a number/,
    );
  });
});
