import { existsSync, readdirSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { type Result, readResults } from '../../eval/result.js';
import { planIn } from '../../plan/difference.js';
import { type RunRecord, readSweepRecord, sweepRecordFile } from '../../plan/sweep/record.js';
import { elapsed, tokensRead } from '../elapsed.js';
import { readEvents } from '../events.js';

/** A training, and what `eval` found of it. */
export interface Trained extends Pick<RunRecord, 'variant' | 'seed' | 'tokens' | 'seconds' | 'settings'> {
  /** The plan's hash, where the folder's name or sweep.json says it. */
  readonly hash: string | null;
  readonly folder: string;
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

const inSweep = /^(.+)-seed(\d+)-([0-9a-f]{12})$/;

/** Whether a folder is a run's. */
export function isRunFolder(folder: string): boolean {
  return existsSync(join(folder, 'plan.yaml'));
}

/** Whether a folder holds a sweep: its record, or runs named as a sweep names them. */
export function isSweepFolder(folder: string): boolean {
  return existsSync(join(folder, sweepRecordFile)) || (existsSync(folder) && runsIn(folder).length > 0);
}

/** Reads a sweep's folder by its sweep.json, or, where it has none, by its runs' names. @throws Fault a malformed file */
export function readSweepFolder(folder: string): SweepFolder {
  if (existsSync(join(folder, sweepRecordFile))) {
    const { name, baseline, bases, baselines, runs } = readSweepRecord(folder);
    return {
      name,
      baseline,
      bases,
      references: resultsIn(join(folder, baselines)),
      runs: runs.map((record) => trainedOf(join(folder, record.folder), record)),
    };
  }
  const references = resultsIn(join(folder, 'baselines'));
  const bases = references.filter(({ model }) => !/^bm25(:|$)/.test(model)).map(({ model }) => model);
  const runs = runsIn(folder).map((name) => readTrained(join(folder, name)));
  return { name: basename(resolve(folder)), baseline: null, bases: [...new Set(bases)], references, runs };
}

/** Reads a run folder by itself. Its variant and seed are what its name says, else its name, and its plan's seed. */
export function readTrained(folder: string): Trained {
  const name = basename(resolve(folder));
  const [, variant = name.replace(/-seed\d+$/, ''), , hash = null] = inSweep.exec(name) ?? [];
  const { seed } = planIn(folder);
  const known = { variant, seed: typeof seed === 'number' ? seed : 0, hash, settings: {} };
  return trainedOf(folder, { ...known, state: 'done', tokens: null, seconds: null });
}

type Known = Omit<Trained, 'folder' | 'lacking' | 'results'> & Pick<RunRecord, 'state' | 'reason'>;

function trainedOf(folder: string, { variant, seed, hash, settings, state, reason, ...effort }: Known): Trained {
  const events = existsSync(join(folder, 'events.jsonl')) && effort.tokens === null ? readEvents(folder) : [];
  const results = state === 'done' ? resultsOfRun(folder) : [];
  const why = reason ? `${state}: ${reason}` : state;
  return {
    ...{ variant, seed, hash, settings, folder, results },
    tokens: effort.tokens ?? tokensRead(events).at(-1) ?? null,
    seconds: effort.seconds ?? elapsed(events).at(-1) ?? null,
    lacking: results.length > 0 ? null : state === 'done' ? 'not evaluated' : why,
  };
}

function runsIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && inSweep.test(entry.name) && isRunFolder(join(folder, entry.name)))
    .map(({ name }) => name)
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
}

/** Of all that was written into a run's results, those of the run itself, in the sets' own words. */
function resultsOfRun(folder: string): Result[] {
  const found = resultsIn(join(folder, 'results')).filter(({ rewritten }) => rewritten === undefined);
  const own = found.filter(({ model }) => basename(model) === basename(resolve(folder)));
  // A folder that was renamed still holds one system's results.
  return own.length > 0 || new Set(found.map(({ system }) => system)).size > 1 ? own : found;
}

function resultsIn(folder: string): Result[] {
  return existsSync(folder) && readdirSync(folder).length > 0 ? readResults([folder]) : [];
}
