import { existsSync, readdirSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { type Result, readResults } from '../../eval/result.js';
import { readSweepRecord, sweepRecordFile } from '../../plan/sweep/record.js';
import { readHistory } from '../events.js';
import { elapsed } from '../runs/elapsed.js';
import { type Listed, listSweep } from '../runs/listed.js';
import { Steps } from '../steps.js';

/** A training, and what `eval` found of it. */
export interface Trained extends Omit<Listed, 'state' | 'reason'> {
  /** Why it is not in the comparison; null where it is. */
  readonly lacking: string | null;
  /** One a set; none where it was not evaluated. */
  readonly results: readonly Result[];
}

/** A sweep's trainings, and the systems that it scored beside them. */
export interface SweepFolder {
  readonly name: string;
  /** What the sweep names to test against; null where it names nothing. */
  readonly baseline: string | null;
  readonly runs: readonly Trained[];
  /** BM25 and the models before training, one result a system and set. */
  readonly references: readonly Result[];
  /** The models before training, by which a baseline `base` is meant. */
  readonly bases: readonly string[];
}

/** Reads a sweep's folder. @throws Fault a malformed file */
export function readSweepFolder(folder: string): SweepFolder {
  const runs = listSweep(folder).map(readTrained);
  if (existsSync(join(folder, sweepRecordFile))) {
    const { name, baseline, bases, baselines } = readSweepRecord(folder);
    return { name, baseline, bases, references: resultsIn(join(folder, baselines)), runs };
  }
  const references = resultsIn(join(folder, 'baselines'));
  const bases = references.filter(({ model }) => !/^bm25(:|$)/.test(model)).map(({ model }) => model);
  return { name: basename(resolve(folder)), baseline: null, bases: [...new Set(bases)], references, runs };
}

/** Reads a run's results, and its tokens and seconds where they are not known. @throws Fault a malformed file */
export function readTrained({ state, reason, ...run }: Listed): Trained {
  const { folder, tokens, seconds } = run;
  const unknown = tokens === null && existsSync(join(folder, 'events.jsonl'));
  const steps = unknown ? readHistory(folder).steps : new Steps();
  const results = state === 'done' ? resultsOfRun(folder) : [];
  const why = reason ? `${state}: ${reason}` : state;
  return {
    ...{ ...run, results },
    tokens: tokens ?? steps.tokensSoFar().at(-1) ?? null,
    seconds: seconds ?? elapsed(steps).at(-1) ?? null,
    lacking: results.length > 0 ? null : state === 'done' ? 'not evaluated' : why,
  };
}

/** Of all that was written into a run's results, those of the run itself, in the sets' own words. */
export function resultsOfRun(folder: string): Result[] {
  const found = resultsIn(join(folder, 'results')).filter(({ rewritten }) => rewritten === undefined);
  const own = found.filter(({ model }) => basename(model) === basename(resolve(folder)));
  // A folder that was renamed still holds one system's results.
  return own.length > 0 || new Set(found.map(({ system }) => system)).size > 1 ? own : found;
}

function resultsIn(folder: string): Result[] {
  return existsSync(folder) && readdirSync(folder).length > 0 ? readResults([folder]) : [];
}
