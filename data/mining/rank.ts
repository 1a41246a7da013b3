import { Bm25 } from '../../retrieval/bm25.js';
import { searchExact } from '../../retrieval/dense.js';
import type { Ranked } from '../../retrieval/ranking.js';
import type { Source } from '../pairs.js';
import type { SourceVectors } from './vectors.js';

/** Ranks a source's documents for its queries from `first` to below `end`, positives and excluded ones left out. */
export type Ranker = (first: number, end: number, depth: number) => Ranked[];

export function bm25Ranker({ queries, documents, ids, barred }: Source): Ranker {
  const index = new Bm25({ ids, texts: documents });
  return (first, end, depth) =>
    queries.slice(first, end).map((query, i) => index.search(query, depth, barred[first + i] ?? []));
}

/** By exact search among a model's vectors. */
export function denseRanker({ ids, barred }: Source, { queries, documents }: SourceVectors): Ranker {
  const { values, width } = queries;
  return (first, end, depth) => {
    const asked = { values: values.subarray(first * width, end * width), width };
    return searchExact(asked, documents, ids, depth, barred.slice(first, end));
  };
}

// Cormack, Clarke & Büttcher 2009.
const FUSION_K = 60;

/** Several rankings for one query as one, by reciprocal rank fusion. */
export function fuse(rankings: readonly Ranked[], depth: number): Ranked {
  if (rankings.length === 1) return rankings[0]!.slice(0, depth);
  const scores = new Map<string, number>();
  for (const ranked of rankings) {
    ranked.forEach(({ id }, rank) => {
      scores.set(id, (scores.get(id) ?? 0) + 1 / (FUSION_K + rank + 1));
    });
  }
  return Array.from(scores, ([id, score]) => ({ id, score }))
    .sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1))
    .slice(0, depth);
}
