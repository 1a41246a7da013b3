import { readJsonQrels, readJsonRun, writeJsonQrels, writeJsonRun } from './json-form.js';
import { compareRanked, type Qrels, type Run } from './ranking.js';
import { readTrecQrels, readTrecRun, writeTrecQrels, writeTrecRun } from './trec.js';

// Runs and judgements on disk: a name that ends in .json says JSON form, any other TREC's columns.

/**
 * Reads a run. Documents are ordered by score, as trec_eval does; a rank column decides nothing.
 *
 * @param onNote told, once, when the ranks of the file contradict its scores
 * @throws Fault a file that is missing or malformed.
 */
export function readRun(path: string, onNote: (note: string) => void = () => {}): Run {
  const { run, misranked } = isJson(path) ? { run: readJsonRun(path), misranked: 0 } : readTrecRun(path);
  if (misranked > 0) {
    onNote(`${path}: ranks contradict scores for ${misranked} of ${run.size} queries; scores decide, as in trec_eval`);
  }
  return new Map(Array.from(run, ([query, ranked]) => [query, [...ranked].sort(compareRanked)]));
}

/** Reads judgements. @throws Fault a file that is missing or malformed. */
export function readQrels(path: string): Qrels {
  return isJson(path) ? readJsonQrels(path) : readTrecQrels(path);
}

/** Writes a run, whole or not at all. @throws Fault an id that TREC cannot hold, or a file that cannot be written. */
export function writeRun(path: string, run: Run, tag: string): void {
  if (isJson(path)) writeJsonRun(path, run);
  else writeTrecRun(path, run, tag);
}

/** Writes judgements, whole or not at all. @throws Fault as {@link writeRun}. */
export function writeQrels(path: string, qrels: Qrels): void {
  if (isJson(path)) writeJsonQrels(path, qrels);
  else writeTrecQrels(path, qrels);
}

function isJson(path: string): boolean {
  return path.endsWith('.json');
}
