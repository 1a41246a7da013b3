import type { BatchMatches, Matches } from 'usearch';
import { Fault, reasonOf } from '../plan/fault.js';
import { type Documents, oneEach, type Rows } from './dense.js';
import { exactScore } from './exact-scores.js';
import { compareRanked, type Ranked } from './ranking.js';

/** Documents in a graph of near neighbours. */
export interface ApproximateIndex {
  /** For each query the k documents of the largest dot product that the graph leads to, but for those excluded. */
  search(queries: Rows, k: number, excluded: readonly (readonly string[])[]): Ranked[];
  /** Writes the graph, with its own copy of the vectors. */
  save(file: string): void;
}

/** Neighbours of a node, and candidates looked at while one is added: usearch's own defaults. */
export const graphSettings = { connectivity: 16, expansionAdd: 128 } as const;

// More would make another graph each time; and a search can use no more than the graph was built with.
const THREADS = 1;
// Candidates looked at for each document wanted, at least as many as when adding.
const EXPANSION_SEARCH = 2;

/**
 * Builds an HNSW graph (Malkov & Yashunin 2018; usearch's) over documents of one row each, for searches of up to `most`
 * documents, those excluded counted in. The same documents make the same graph. Scores are computed
 * anew as exact search does.
 *
 * @param kept a file of {@link ApproximateIndex.save} of the same documents, which is opened in place of building
 * @throws Fault where usearch is not installed
 */
export async function approximateIndex(
  documents: Documents,
  most: number,
  kept: string | null = null,
): Promise<ApproximateIndex> {
  const { Index, MetricKind, ScalarKind } = await usearch();
  const { ids, values, width } = documents;
  const { connectivity, expansionAdd } = graphSettings;
  const index = new Index({
    dimensions: width,
    metric: MetricKind.IP,
    quantization: ScalarKind.F32,
    connectivity,
    expansion_add: expansionAdd,
    expansion_search: Math.max(expansionAdd, EXPANSION_SEARCH * most),
    multi: false,
  });
  if (kept === null) {
    const keys = BigUint64Array.from(ids, (_, place) => BigInt(place));
    index.add(keys, values, THREADS);
  } else index.load(kept);
  const whole = { ...documents, starts: oneEach(ids.length) };
  return {
    search(queries, k, excluded) {
      const rows = Array.from({ length: queries.values.length / width }, (_, i) =>
        queries.values.subarray(i * width, (i + 1) * width),
      );
      if (rows.length === 0) return [];
      const wanted = Math.min(ids.length, k + Math.max(0, ...excluded.map(({ length }) => length)));
      const found: Matches | BatchMatches = index.search(rows, wanted, THREADS);
      return rows.map((query, i) => {
        const left = new Set(excluded[i]);
        // Where the graph led to fewer, no document has the key.
        const keys = found.keys.subarray(i * wanted, (i + 1) * wanted).subarray(0, countOf(found, i));
        const scored = Array.from(keys, Number)
          .filter((place) => place < ids.length)
          .map((place) => ({ id: ids[place]!, score: exactScore(query, whole, place) }));
        return scored
          .filter(({ id }) => !left.has(id))
          .sort(compareRanked)
          .slice(0, k);
      });
    },
    save: (file) => index.save(file),
  };
}

/** How many were found for a query; of a single one usearch tells it by the length alone. */
function countOf(found: Matches | BatchMatches, query: number): number {
  return 'counts' in found ? Number(found.counts[query]) : found.keys.length;
}

async function usearch() {
  try {
    return await import('usearch');
  } catch (error) {
    throw new Fault(
      `Expected the package usearch for approximate search, got: ${reasonOf(error).split('\n')[0]}. ` +
        'Run `npm install`, or search exactly.',
    );
  }
}

/** The share of the exact rankings' documents that others have too. */
export function recallOf(found: readonly Ranked[], exact: readonly Ranked[]): number {
  let [hits, all] = [0, 0];
  exact.forEach((wanted, i) => {
    const ids = new Set(found[i]?.map(({ id }) => id));
    all += wanted.length;
    hits += wanted.filter(({ id }) => ids.has(id)).length;
  });
  return all === 0 ? 1 : hits / all;
}
