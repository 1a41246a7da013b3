import { Bm25 } from '../../retrieval/bm25.js';
import type { Ranked } from '../../retrieval/ranking.js';
import type { Source } from '../pairs.js';

/** Ranks a source's documents for its queries from `first` to below `end`, positives and excluded ones left out. */
export type Ranker = (first: number, end: number, depth: number) => Ranked[];

export function bm25Ranker({ queries, documents, ids, barred }: Source): Ranker {
  const index = new Bm25({ ids, texts: documents });
  return (first, end, depth) =>
    queries.slice(first, end).map((query, i) => index.search(query, depth, barred[first + i] ?? []));
}

/**
 * For each query the documents from rank `first` to `last` by BM25 (1-based, counted after positives and excluded ones
 * are left out), best first, as places: what `negatives.from: bm25` takes.
 */
export function bm25Negatives(source: Source, [first, last]: readonly [number, number]): number[][] {
  const places = new Map(source.ids.map((id, place) => [id, place]));
  const ranked = bm25Ranker(source)(0, source.queries.length, last);
  return ranked.map((found) => found.slice(first - 1).map(({ id }) => places.get(id)!));
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
