import { existsSync, readdirSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { planIn } from '../../plan/difference.js';
import { sweepRunOf } from '../../plan/run-layout.js';
import { type RunRecord, readSweepRecord, sweepRecordFile } from '../../plan/sweep/record.js';

/** A run folder, and what is known of it without reading its events and results. */
export interface Listed extends Pick<RunRecord, 'variant' | 'seed' | 'tokens' | 'seconds' | 'settings' | 'state'> {
  readonly folder: string;
  /** The plan's hash, where the folder's name or sweep.json says it. */
  readonly hash: string | null;
  /** What went wrong, where it failed. */
  readonly reason: string | null;
}

/** Whether a folder is a run's. */
export function isRunFolder(folder: string): boolean {
  return existsSync(join(folder, 'plan.yaml'));
}

/** Whether a folder holds a sweep: its record, or runs named as a sweep names them. */
export function isSweepFolder(folder: string): boolean {
  return !isRunFolder(folder) && (existsSync(join(folder, sweepRecordFile)) || runsIn(folder).length > 0);
}

/** A sweep's runs by its sweep.json, or, where it has none, by their folders' names. @throws Fault a malformed file */
export function listSweep(folder: string): Listed[] {
  if (!existsSync(join(folder, sweepRecordFile))) return runsIn(folder).map((name) => listRun(join(folder, name)));
  return readSweepRecord(folder).runs.map(({ variant, seed, hash, tokens, seconds, settings, state, ...run }) => {
    const known = { variant, seed, hash, tokens, seconds, settings, state, reason: run.reason ?? null };
    return { ...known, folder: join(folder, run.folder) };
  });
}

/** A run folder by itself. Its variant is what its name says, else its name; its seed is its plan's. */
function listRun(folder: string): Listed {
  const name = basename(resolve(folder));
  const { variant, hash } = sweepRunOf(name) ?? { variant: name.replace(/-seed\d+$/, ''), hash: null };
  const { seed } = isRunFolder(folder) ? planIn(folder) : {};
  const rest = { settings: {}, state: 'done', reason: null, tokens: null, seconds: null } as const;
  return { variant, seed: typeof seed === 'number' ? seed : 0, hash, folder, ...rest };
}

/**
 * Run folders by themselves, those of one plan but for the seed as one variant. Others are named by their folders, by the
 * whole path where names are alike.
 */
export function listRuns(folders: readonly string[]): Listed[] {
  const runs = folders.map(listRun);
  const plans = folders.map((folder) => {
    if (!isRunFolder(folder)) return folder;
    const { seed: _seed, eval: _eval, ...trained } = planIn(folder);
    return JSON.stringify(trained);
  });
  const names = runs.map(({ variant, folder }, i) => {
    const seeds = new Set(runs.filter((_, j) => plans[j] === plans[i]).map(({ seed }) => seed));
    return seeds.size > 1 ? variant : basename(resolve(folder));
  });
  return runs.map((run, i) => {
    const first = plans.indexOf(plans[i] as string);
    const taken = names.some((name, j) => name === names[first] && plans[j] !== plans[i]);
    const again = runs.some((other, j) => j < i && plans[j] === plans[i] && other.seed === run.seed);
    const name = taken || again ? run.folder : (names[first] as string);
    return { ...run, variant: name };
  });
}

function runsIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && sweepRunOf(entry.name) && isRunFolder(join(folder, entry.name)))
    .map(({ name }) => name)
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
}
