import { matMul, tensor2d, tidy } from '@tensorflow/tfjs-core';
import { idRanks, type Ranked, TopK } from './ranking.js';

/** Vectors in rows. */
interface Rows {
  readonly values: Float32Array;
  readonly width: number;
}

// Scores held at once: queries × this many documents.
const documentsPerBlock = 4096;
const queriesPerBlock = 256;

/**
 * Exact search: for each query the k documents of the largest dot product, by trec_eval's order. Documents are taken
 * block by block, so memory is bounded and the result does not depend on the block's size.
 *
 * @param excluded for each query, ids left out
 */
export function searchExact(
  queries: Rows,
  documents: Rows,
  ids: readonly string[],
  k: number,
  excluded: readonly (readonly string[])[],
): Ranked[] {
  const { width } = queries;
  const count = queries.values.length / width;
  const ranks = idRanks(ids);
  const places = new Map(ids.map((id, place) => [id, place]));
  const tops = Array.from({ length: count }, () => new TopK(k, ranks));
  const left = excluded.map((list) => list.map((id) => places.get(id) ?? -1));
  for (let first = 0; first < ids.length; first += documentsPerBlock) {
    const size = Math.min(documentsPerBlock, ids.length - first);
    const block = tensor2d(documents.values.subarray(first * width, (first + size) * width), [size, width]);
    for (let from = 0; from < count; from += queriesPerBlock) {
      const some = Math.min(queriesPerBlock, count - from);
      const scores = tidy(() => {
        const rows = tensor2d(queries.values.subarray(from * width, (from + some) * width), [some, width]);
        return matMul(rows, block, false, true).dataSync() as Float32Array;
      });
      for (let i = 0; i < some; i++) {
        const row = scores.subarray(i * size, (i + 1) * size);
        for (const place of left[from + i] ?? []) {
          if (place >= first && place < first + size) row[place - first] = Number.NEGATIVE_INFINITY;
        }
        tops[from + i]?.offerBlock(row, first);
      }
    }
    block.dispose();
  }
  return tops.map((top) => top.take(ids));
}
