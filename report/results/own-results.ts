import { type Result, readResults } from '../../eval/result.js';
import { Fault } from '../../plan/fault.js';
import { isRunFolder } from '../runs/listed.js';
import { resultsOfRun } from './trained.js';

/**
 * What was named, each run folder as one system, the run: what else was scored beside it stays out. Runs of one name
 * are told apart by their folders.
 *
 * @throws Fault a run that was not evaluated
 */
export function ownResults(paths: readonly string[]): Result[] {
  const named = paths.map((path) => {
    if (!isRunFolder(path)) return { path, results: readResults([path]) };
    const results = resultsOfRun(path);
    if (results.length > 0) return { path, results };
    throw new Fault(
      `Expected results of reasontune eval for ${path}, got none. Run first: npx reasontune eval ${path}`,
    );
  });
  const systems = named.flatMap(({ results }) => [...new Set(results.map(({ system }) => system))]);
  return named.flatMap(({ path, results }) =>
    results.map((result) =>
      isRunFolder(path) && systems.filter((system) => system === result.system).length > 1
        ? { ...result, system: path }
        : result,
    ),
  );
}
