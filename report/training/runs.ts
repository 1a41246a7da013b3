import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Fault } from '../../plan/fault.js';
import { type History, readHistory } from '../events.js';
import { isSweepFolder, type Listed, listRuns, listSweep } from '../runs/listed.js';

/** A variant and the histories of its seeds; by itself a run is a variant of one. */
export interface Group {
  readonly name: string;
  readonly runs: readonly History[];
}

/**
 * Reads the histories of run folders and of all runs of sweep folders that have begun, runs that differ in their seeds
 * alone together.
 *
 * @throws Fault a folder that is no run, or that holds no step yet
 */
export function readGroups(paths: readonly string[]): Group[] {
  const sweeps = paths.filter(isSweepFolder);
  const begun = sweeps.flatMap(listSweep).filter(({ folder }) => existsSync(join(folder, 'events.jsonl')));
  const named = listRuns(paths.filter((path) => !sweeps.includes(path)));
  const read = ({ variant, folder }: Listed) => ({ variant, folder, history: readHistory(folder) });
  const runs = [...begun.map(read).filter(({ history }) => history.steps.length > 0), ...named.map(read)];
  for (const { folder, history } of runs) {
    if (history.steps.column('loss').some(Number.isFinite)) continue;
    throw new Fault(`Expected at least one step for ${folder}, got none. Draw it when it has begun to train.`);
  }
  if (runs.length === 0) {
    throw new Fault(
      `Expected a run that has begun for ${paths.join(' ')}, got none. Draw it when one has begun to train.`,
    );
  }
  return [...new Set(runs.map(({ variant }) => variant))].map((name) => ({
    name,
    runs: runs.filter(({ variant }) => variant === name).map(({ history }) => history),
  }));
}
