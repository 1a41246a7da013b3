import type { MiningPlan } from '../../plan/data.js';
import { approximateIndex, recallOf } from '../../retrieval/approximate.js';
import { searchExact } from '../../retrieval/dense.js';
import type { Ranked } from '../../retrieval/ranking.js';
import type { Source } from '../pairs.js';
import { bm25Ranker, fuse, type Ranker } from './rank.js';
import type { SourceVectors } from './vectors.js';

/** What ranks a source's documents, and for an approximate search how well. */
export interface Rankers {
  /** The rankings of all rankers, merged. */
  readonly rank: Ranker;
  /** Model → share of the exact ranking's documents that the approximate one has too, on a sample of queries. */
  readonly recall: Readonly<Record<string, number>>;
}

// Queries that are searched exactly too, spread evenly over all.
const SAMPLE = 200;

/** Ranks by BM25, models' vectors or several merged, as mining does. */
export async function makeRankers(
  source: Source,
  { by, search, ranks: [, depth] }: Pick<MiningPlan, 'by' | 'search' | 'ranks'>,
  vectorsOf: (model: string) => SourceVectors,
): Promise<Rankers> {
  const rankers: Ranker[] = [];
  const recall: Record<string, number> = {};
  for (const name of by) {
    if (name === 'bm25') rankers.push(bm25Ranker(source));
    else {
      const exact = exactRanker(source, vectorsOf(name));
      const ranker = search === 'exact' ? exact : await approximateRanker(source, vectorsOf(name), depth);
      if (ranker !== exact) recall[name] = sampledRecall(ranker, exact, source.queries.length, depth);
      rankers.push(ranker);
    }
  }
  const rank: Ranker = (first, end, wanted) => {
    const rankings = rankers.map((ranker) => ranker(first, end, wanted));
    return Array.from({ length: end - first }, (_, i) =>
      fuse(
        rankings.map((one) => one[i]!),
        wanted,
      ),
    );
  };
  return { rank, recall };
}

function exactRanker({ ids, barred }: Source, { queries, documents }: SourceVectors): Ranker {
  return (first, end, depth) =>
    searchExact(rowsOf(queries, first, end), { ...documents, ids }, depth, { excluded: barred.slice(first, end) });
}

async function approximateRanker(
  { ids, barred }: Source,
  { queries, documents }: SourceVectors,
  depth: number,
): Promise<Ranker> {
  const most = depth + barred.reduce((longest, { length }) => Math.max(longest, length), 0);
  const index = await approximateIndex({ ...documents, ids }, most);
  return (first, end, wanted) => index.search(rowsOf(queries, first, end), wanted, barred.slice(first, end));
}

function rowsOf({ values, width }: SourceVectors['queries'], first: number, end: number) {
  return { values: values.subarray(first * width, end * width), width };
}

function sampledRecall(ranker: Ranker, exact: Ranker, queries: number, depth: number): number {
  const count = Math.min(SAMPLE, queries);
  const sample = Array.from({ length: count }, (_, i) => Math.floor((i * queries) / count));
  const each = (by: Ranker): Ranked[] => sample.map((query) => by(query, query + 1, depth)[0]!);
  return recallOf(each(ranker), each(exact));
}
