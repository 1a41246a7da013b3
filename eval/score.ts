import { evaluate, type Measure, type Scoring } from '../retrieval/metrics.js';
import type { Qrels, Run } from '../retrieval/ranking.js';

/** A ranking's marks. */
export interface Marks {
  /** Measure → mean over the judged queries. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Measure → query → value. */
  readonly perQuery: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** Scores a run as trec_eval does. @throws Fault when run and judgements share no query. */
export function score(run: Run, qrels: Qrels, measures: readonly Measure[], scoring: Scoring = {}): Marks {
  const scores = [...evaluate(run, qrels, measures, scoring)];
  return {
    metrics: Object.fromEntries(scores.map(([name, { mean }]) => [name, mean])),
    perQuery: Object.fromEntries(scores.map(([name, { perQuery }]) => [name, Object.fromEntries(perQuery)])),
  };
}

// As many ids of a list as a line of text bears.
const listed = 5;

/** What a run and its judgements do not share, a line each: counted, and the first few listed. */
export function mismatches(run: Run, qrels: Qrels): string[] {
  return [
    listing(
      'judged but not in the run',
      [...qrels.keys()].filter((query) => !run.has(query)),
    ),
    listing(
      'in the run but not judged',
      [...run.keys()].filter((query) => !qrels.has(query)),
    ),
  ].flat();
}

function listing(what: string, ids: readonly string[]): string[] {
  if (ids.length === 0) return [];
  const more = ids.length > listed ? ', …' : '';
  return [`${ids.length} ${ids.length === 1 ? 'query' : 'queries'} ${what}: ${ids.slice(0, listed).join(', ')}${more}`];
}
