import { basename, extname } from 'node:path';
import { Fault } from '../plan/fault.js';
import { readRun } from '../retrieval/files.js';
import { evaluate, type Measure, parseMeasure, type Scoring } from '../retrieval/metrics.js';
import type { Qrels, Run } from '../retrieval/ranking.js';
import type { Judgements } from './judgements.js';
import { type Result, writeResult } from './result.js';

/** How results are scored and kept, wherever the rankings come from. */
export interface Marking {
  readonly metrics: readonly string[];
  readonly scoring?: Scoring;
  /** Where run files and results go; null for nowhere. */
  readonly out: string | null;
  readonly runForm?: 'trec' | 'json';
}

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

/**
 * Scores run files against judgements; what the two do not share is noted.
 *
 * @throws Fault a file that is missing or malformed, or a run that shares no query with the judgements.
 */
export function scoreRuns(
  runs: readonly string[],
  { from, qrels, ...about }: Judgements,
  marking: Marking & { readonly onNote: (note: string) => void },
): Result[] {
  const measures = marking.metrics.map((name) => parseMeasure(name, '--metrics'));
  return runs.map((path) => {
    const run = readRun(path, marking.onNote);
    if (![...run.keys()].some((query) => qrels.has(query))) {
      const got = run.size === 0 ? 'no query at all' : `${run.size} others, such as ${[...run.keys()][0]}`;
      throw new Fault(`Expected queries of ${from} for ${path}, got ${got}. Check that the two belong together.`);
    }
    for (const note of mismatches(run, qrels)) marking.onNote(`${path}: ${note}`);
    const marks = score(run, qrels, measures, marking.scoring);
    const queries = Object.keys(Object.values(marks.perQuery)[0] ?? {}).length;
    const result: Result = { system: stem(path), model: path, ...about, queries, ...marks };
    if (marking.out) writeResult(marking.out, result, run, marking.runForm);
    return result;
  });
}

// As many ids of a list as a line of text bears.
const listed = 5;

/** What a run and its judgements do not share, a line each: counted, and the first few listed. */
function mismatches(run: Run, qrels: Qrels): string[] {
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

/** `3 queries <what>: a, b, c`: counted, and the first few listed; nothing where there are none. */
export function listing(
  what: string,
  ids: readonly string[],
  [one, many]: readonly [string, string] = ['query', 'queries'],
): string[] {
  if (ids.length === 0) return [];
  const more = ids.length > listed ? ', …' : '';
  return [`${ids.length} ${ids.length === 1 ? one : many} ${what}: ${ids.slice(0, listed).join(', ')}${more}`];
}

function stem(path: string): string {
  return basename(path, extname(path));
}
