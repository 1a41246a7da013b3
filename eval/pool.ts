import { Fault } from '../plan/fault.js';
import type { Qrels, Ranked, Run } from '../retrieval/ranking.js';

/** Another retriever's candidates: its best so many documents for each query. */
export interface Pool {
  /** Its run file. */
  readonly file: string;
  readonly depth: number;
  readonly run: Run;
}

/** What only ranking a pool hides of a system. */
export interface PoolLoss {
  /** Relevant documents among the system's first `cutoff` over the whole corpus. */
  readonly hits: number;
  /** Those of them that the pool never held. */
  readonly neverHeld: number;
  readonly cutoff: number;
}

export function cutPool(file: string, run: Run, depth: number): Pool {
  return { file, depth, run: new Map(Array.from(run, ([query, ranked]) => [query, ranked.slice(0, depth)])) };
}

/** The judged queries that a pool has nothing for: they count as found nowhere. @throws Fault where these are all */
export function withoutPool({ file, run }: Pool, qrels: Qrels, set: string): string[] {
  const without = [...qrels.keys()].filter((query) => !run.has(query));
  if (without.length < qrels.size) return without;
  const got = run.size === 0 ? 'none' : `${run.size} others, such as ${[...run.keys()][0]}`;
  throw new Fault(`Expected queries of ${set} for the pool ${file}, got ${got}. Name a ranking of that set.`);
}

/**
 * The share of a query's relevant documents that the pool holds, in the mean over judged queries: no ranking of the
 * pool can have a larger recall.
 */
export function recallCeiling({ run }: Pool, qrels: Qrels): number {
  let sum = 0;
  for (const [query, grades] of qrels) {
    const held = idsOf(run.get(query));
    const relevant = relevantOf(grades);
    if (relevant.length > 0) sum += relevant.filter((id) => held.has(id)).length / relevant.length;
  }
  return sum / qrels.size;
}

export function poolLoss(full: Run, { run }: Pool, qrels: Qrels, cutoff = 10): PoolLoss {
  let [hits, neverHeld] = [0, 0];
  for (const [query, grades] of qrels) {
    const held = idsOf(run.get(query));
    const found = idsOf(full.get(query)?.slice(0, cutoff));
    for (const id of relevantOf(grades)) {
      if (!found.has(id)) continue;
      hits++;
      if (!held.has(id)) neverHeld++;
    }
  }
  return { hits, neverHeld, cutoff };
}

function idsOf(ranked: Ranked = []): ReadonlySet<string> {
  return new Set(ranked.map(({ id }) => id));
}

function relevantOf(grades: ReadonlyMap<string, number>): string[] {
  return [...grades].filter(([, grade]) => grade > 0).map(([id]) => id);
}
