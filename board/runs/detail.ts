import { readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { checkpointsIn } from '../../plan/run-layout.js';
import { Refused, type Root } from '../inside.js';
import type { RunDetail, RunRow } from '../protocol.js';
import { resultsOf } from './results.js';

const LARGEST_PLAN = 1 << 20;

/** All that is shown of one run but its curves. */
export function detailOf(root: Root, row: RunRow): RunDetail {
  const { results, notes } = resultsOf(root, row.id);
  return {
    row,
    plan: planIn(root.find(row.id, 'plan.yaml'), row.id),
    checkpoints: checkpointsIn(root.folder(row.id)).map((path) => basename(path)),
    results: results.map(({ set, split, system, queries, documents, seconds, metrics }) => ({
      set,
      split: split ?? '',
      system,
      queries,
      documents: documents ?? null,
      seconds: seconds ?? null,
      metrics,
    })),
    notes,
  };
}

/** The text of a run's plan; empty where it has none. @throws Refused a file that is too large for one */
export function planIn(file: string | null, id: string): string {
  if (file === null) return '';
  const found = statSync(file);
  if (found.isFile() && found.size <= LARGEST_PLAN) return readFileSync(file, 'utf8');
  throw new Refused(404, `Expected a plan of at most 1 MiB in ${id}, got another file. Look at its plan.yaml.`);
}
