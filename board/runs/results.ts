import { statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type Means, type Result, readMeans, readResults } from '../../eval/result.js';
import { reasonOf } from '../../plan/fault.js';
import { Folder } from '../folder.js';
import type { Root } from '../inside.js';

/** What was measured of a run. */
export interface Marks {
  /** Changes when the files do. */
  readonly stamp: string;
  /** The run's own means: `pep test nDCG@10`. */
  readonly scores: Scores;
  readonly notes: readonly string[];
}

type Scores = Readonly<Record<string, number>>;

interface Held {
  readonly stamp: string;
  readonly result: Means | null;
  readonly note: string | null;
}

/** A result as the table needs it; its queries' values would fill the memory. */
const held = new Map<string, Held>();

/** The means that lie in a run's results, of the run itself. */
export function marksOf(run: Folder): Marks {
  const here = resultFiles(run.folder('results')).map(meansOf);
  const own = ownOf(
    here.flatMap(({ result }) => result ?? []),
    basename(run.path),
  );
  const notes = here.flatMap(({ note }) => note ?? []);
  return { stamp: here.map(({ stamp }) => stamp).join(' '), scores: scoresOf(own), notes };
}

/** A system's means on one set, or what is wrong with the file. */
export interface SystemMeans {
  readonly system: string;
  readonly scores: Scores;
  readonly note: string | null;
}

/** The means of every system whose results lie in a folder laid out as a run's `results/`. */
export function meansIn(folder: Folder | null): SystemMeans[] {
  return resultFiles(folder).map((file) => {
    const { result, note } = meansOf(file);
    return { system: result?.system ?? '', scores: result ? scoresOf([result]) : {}, note };
  });
}

/** `pep test nDCG@10` → mean. */
function scoresOf(results: readonly Means[]): Scores {
  return Object.fromEntries(
    results.flatMap(({ set, split, metrics }) =>
      Object.entries(metrics).map(([measure, value]) => [[set, split ?? '', measure].join(' '), value]),
    ),
  );
}

/** Every result that lies in a run's folder, with its queries' values. Those that cannot be read become notes. */
export function resultsOf(root: Root, id: string): { results: Result[]; notes: string[] } {
  const notes: string[] = [];
  const results = resultFiles(Folder.at(root, id, 'results')).flatMap((file) => {
    try {
      return readResults([file]);
    } catch (error) {
      notes.push(reasonOf(error));
      return [];
    }
  });
  return { results, notes };
}

/** The results of the run itself among those that lie in its folder, one for each set. */
export function ownOf<T extends Means>(results: readonly T[], name: string): T[] {
  const titles = new Set(results.map(({ set, split }) => `${set}\n${split}`));
  return [...titles].flatMap((title) => {
    const here = results.filter(({ set, split }) => `${set}\n${split}` === title);
    const mine = (result: T): boolean =>
      result.system === name || basename(result.model) === name || result.system.startsWith(`${name}/step-`);
    return here.find(mine) ?? (here.length === 1 ? here : []);
  });
}

/** What `eval` calls a run: the name of its folder. */
export function nameOf(root: Root, id: string): string {
  return basename(join(root.path, id));
}

/** `<folder>/<set>-<split>/<system>.json`, where its ranking lies beside it. */
function resultFiles(folder: Folder | null): string[] {
  return (folder?.names ?? []).flatMap((name) => {
    const set = folder?.folder(name);
    if (!set) return [];
    const isRanking = (file: string): boolean => file.endsWith('.run') || file.endsWith('.run.json');
    return set.names
      .filter((file) => file.endsWith('.json') && !isRanking(file))
      .filter((file) => ['.run', '.run.json'].some((form) => set.has(`${file.slice(0, -5)}${form}`)))
      .flatMap((file) => set.file(file) ?? []);
  });
}

function meansOf(file: string): Held {
  const found = statSync(file, { throwIfNoEntry: false });
  const stamp = `${file} ${found?.size} ${found?.mtimeMs}`;
  const before = held.get(file);
  if (before?.stamp === stamp) return before;
  let now: Held;
  try {
    now = { stamp, result: readMeans(file), note: null };
  } catch (error) {
    now = { stamp, result: null, note: reasonOf(error) };
  }
  held.set(file, now);
  return now;
}
