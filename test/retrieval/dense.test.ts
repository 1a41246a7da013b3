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
    const found = searchExact(q, d, ids, 20, excluded);
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
});
