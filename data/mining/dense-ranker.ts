import { searchExact } from '../../retrieval/dense.js';
import type { Source } from '../pairs.js';
import type { Ranker } from './rank.js';
import type { SourceVectors } from './vectors.js';

/** Ranks by exact search among a model's vectors. */
export function denseRanker({ ids, barred }: Source, { queries, documents }: SourceVectors): Ranker {
  const { values, width } = queries;
  return (first, end, depth) => {
    const asked = { values: values.subarray(first * width, end * width), width };
    return searchExact(asked, { ...documents, ids }, depth, { excluded: barred.slice(first, end) });
  };
}
