import { type Dirent, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { sweepRunOf } from '../../plan/run-layout.js';
import { sweepRecordFile } from '../../plan/sweep/record.js';
import type { Root } from '../inside.js';

/** The folders of a board that hold runs, by their places in it. */
export interface Folders {
  readonly runs: readonly string[];
  /** Of a sweep's, the folder; of its runs, how many lie in it. */
  readonly sweeps: readonly { readonly id: string; readonly runs: number }[];
}

// Runs lie in the folder, a sweep's one deeper; more is for who keeps folders of folders.
const DEPTH = 4;
const ofRun = ['plan.yaml', 'events.jsonl'];
const ofSweep = [sweepRecordFile, 'results.csv'];

/** Looks for runs and sweeps. Links to folders are not followed, so nothing is found twice or outside. */
export function findFolders(root: Root): Folders {
  const runs: string[] = [];
  const sweeps: { id: string; runs: number }[] = [];
  const look = (id: string, depth: number): void => {
    const entries = list(join(root.path, id));
    if (entries.some((entry) => !entry.isDirectory() && ofRun.includes(entry.name))) {
      runs.push(id === '' ? '.' : id);
      return;
    }
    const before = runs.length;
    if (depth < DEPTH) {
      for (const entry of entries)
        if (entry.isDirectory() && !entry.name.startsWith('.'))
          look(id === '' ? entry.name : `${id}/${entry.name}`, depth + 1);
    }
    const here = runs.slice(before).filter((run) => run.lastIndexOf('/') === (id === '' ? -1 : id.length));
    const seeded = here.some((run) => sweepRunOf(basename(run)) !== null);
    if (seeded || entries.some((entry) => ofSweep.includes(entry.name)))
      sweeps.push({ id: id === '' ? '.' : id, runs: here.length });
  };
  look('', 0);
  return { runs, sweeps: sweeps.sort((a, b) => (a.id < b.id ? -1 : 1)) };
}

function list(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    // Gone between two looks, or not ours to read.
    return [];
  }
}
