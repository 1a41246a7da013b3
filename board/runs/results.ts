import { readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type Result, readResults } from '../../eval/result.js';
import { reasonOf } from '../../plan/fault.js';
import type { Root } from '../inside.js';

/** What was measured of a run. */
export interface Marks {
  /** Changes when the files do. */
  readonly stamp: string;
  /** The run's own means: `pep test nDCG@10`. */
  readonly scores: Readonly<Record<string, number>>;
  readonly notes: readonly string[];
}

interface Held {
  readonly stamp: string;
  readonly result: Result | null;
  readonly note: string | null;
}

/** A result as the table needs it; its queries' values would fill the memory. */
const means = new Map<string, Held>();

/** The means that lie in a run's results, of the run itself. */
export function marksOf(root: Root, id: string): Marks {
  const files = resultFiles(root, id, 'results');
  const held = files.map((file) => readMeans(root, file));
  const own = ownOf(
    held.flatMap(({ result }) => result ?? []),
    nameOf(root, id),
  );
  const scores = scoresOf(own);
  const notes = held.flatMap(({ note }) => note ?? []);
  return { stamp: held.map(({ stamp }) => stamp).join(' '), scores, notes };
}

/** A system's means on one set, or what is wrong with the file. */
export interface SystemMeans {
  readonly system: string;
  readonly scores: Readonly<Record<string, number>>;
  readonly note: string | null;
}

/** The means of every system whose results lie in a folder laid out as a run's `results/`. */
export function meansIn(root: Root, ...folder: string[]): SystemMeans[] {
  return resultFiles(root, ...folder).map((file) => {
    const { result, note } = readMeans(root, file);
    return { system: result?.system ?? '', scores: result ? scoresOf([result]) : {}, note };
  });
}

/** `pep test nDCG@10` → mean. */
function scoresOf(results: readonly Result[]): Record<string, number> {
  return Object.fromEntries(
    results.flatMap(({ set, split, metrics }) =>
      Object.entries(metrics).map(([measure, value]) => [[set, split ?? '', measure].join(' '), value]),
    ),
  );
}

/** Every result that lies in a run's folder, with its queries' values. Those that cannot be read become notes. */
export function resultsOf(root: Root, id: string): { results: Result[]; notes: string[] } {
  const notes: string[] = [];
  const results = resultFiles(root, id, 'results').flatMap((file) => {
    try {
      return readResults([root.find(file) as string]);
    } catch (error) {
      notes.push(reasonOf(error));
      return [];
    }
  });
  return { results, notes };
}

/** The results of the run itself among those that lie in its folder, one for each set. */
export function ownOf(results: readonly Result[], name: string): Result[] {
  const titles = new Set(results.map(({ set, split }) => `${set}\n${split}`));
  return [...titles].flatMap((title) => {
    const here = results.filter(({ set, split }) => `${set}\n${split}` === title);
    const mine = (result: Result): boolean =>
      result.system === name || basename(result.model) === name || result.system.startsWith(`${name}/step-`);
    return here.find(mine) ?? (here.length === 1 ? here : []);
  });
}

/** What `eval` calls a run: the name of its folder. */
export function nameOf(root: Root, id: string): string {
  return basename(join(root.path, id));
}

/** `<folder>/<set>-<split>/<system>.json`, where its ranking lies beside it, by its place in the board's folder. */
function resultFiles(root: Root, ...folder: string[]): string[] {
  return names(root, ...folder).flatMap((set) => {
    const here = names(root, ...folder, set);
    const rankings = new Set(here.filter((name) => name.endsWith('.run') || name.endsWith('.run.json')));
    return here
      .filter((name) => name.endsWith('.json') && !rankings.has(name))
      .filter((name) => rankings.has(`${name.slice(0, -5)}.run`) || rankings.has(`${name.slice(0, -5)}.run.json`))
      .map((name) => join(...folder, set, name))
      .filter((file) => root.find(file) !== null);
  });
}

function names(root: Root, ...parts: string[]): string[] {
  const folder = root.find(...parts);
  try {
    return folder === null ? [] : readdirSync(folder).sort();
  } catch {
    return [];
  }
}

function readMeans(root: Root, file: string): Held {
  const path = root.find(file) as string;
  const found = statSync(path, { throwIfNoEntry: false });
  const stamp = `${file} ${found?.size} ${found?.mtimeMs}`;
  const before = means.get(path);
  if (before?.stamp === stamp) return before;
  let held: Held;
  try {
    const [result] = readResults([path]) as [Result];
    held = { stamp, result: { ...result, perQuery: {} }, note: null };
  } catch (error) {
    held = { stamp, result: null, note: reasonOf(error) };
  }
  means.set(path, held);
  return held;
}
