import { basename, join } from 'node:path';
import { finalCheckpoint } from '../../plan/run-layout.js';
import { Refused, type Root } from '../inside.js';

/** What a question can be put to: a name for the page, and what `openSearcher` takes. */
interface Model {
  readonly name: string;
  readonly path: string;
}

/**
 * The checkpoint of a run that `eval` and `search` take, too: the best, where the run knows one, else the last.
 *
 * @param run its id; null for BM25
 * @throws Refused a run without a checkpoint in its folder
 */
export function modelOf(root: Root, run: string | null): Model {
  if (run === null) return { name: 'BM25', path: 'bm25' };
  const folder = root.folder(run);
  const step = basename(finalCheckpoint(folder) ?? '');
  if (step !== '' && root.find(run, step) !== null) return { name: `${run}/${step}`, path: join(folder, step) };
  throw new Refused(
    400,
    `Expected a run with a checkpoint, got ${JSON.stringify(run.slice(0, 200))} with none yet. Choose another.`,
  );
}
