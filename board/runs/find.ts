import { basename } from 'node:path';
import { sweepRunOf } from '../../plan/run-layout.js';
import { sweepRecordFile } from '../../plan/sweep/record.js';
import { Folder } from '../folder.js';
import type { Root } from '../inside.js';

/** The folders of a board that hold runs, by their places in it. */
export interface Folders {
  readonly runs: readonly FoundRun[];
  /** Of a sweep's, the folder; of its runs, how many lie in it. */
  readonly sweeps: readonly { readonly id: string; readonly runs: number }[];
}

export interface FoundRun {
  /** Its place; "." where the board's folder is the run. */
  readonly id: string;
  readonly folder: Folder;
}

// Runs lie in the folder, a sweep's one deeper; more is for who keeps folders of folders.
const DEPTH = 4;
const ofRun = ['plan.yaml', 'events.jsonl'];
const ofSweep = [sweepRecordFile, 'results.csv'];

/** Looks for runs and sweeps. Links to folders are not followed, so nothing is found twice or outside. */
export function findFolders(root: Root): Folders {
  const runs: FoundRun[] = [];
  const sweeps: { id: string; runs: number }[] = [];
  const look = (folder: Folder, depth: number): void => {
    const id = folder.id || '.';
    if (ofRun.some((name) => folder.has(name) && folder.folder(name) === null)) {
      runs.push({ id, folder });
      return;
    }
    const before = runs.length;
    if (depth < DEPTH) {
      for (const inner of folder.folders()) if (!basename(inner.id).startsWith('.')) look(inner, depth + 1);
    }
    const here = runs
      .slice(before)
      .filter((run) => run.id.lastIndexOf('/') === (folder.id === '' ? -1 : folder.id.length));
    const seeded = here.some((run) => sweepRunOf(basename(run.id)) !== null);
    if (seeded || ofSweep.some((name) => folder.has(name))) sweeps.push({ id, runs: here.length });
  };
  const top = Folder.at(root, '');
  if (top) look(top, 0);
  return { runs, sweeps: sweeps.sort((a, b) => (a.id < b.id ? -1 : 1)) };
}
