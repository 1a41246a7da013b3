import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { judgementsFile } from '../../eval/judgements.js';
import { type Result, readResult, resultFiles, titleOf } from '../../eval/result.js';
import { Fault } from '../../plan/fault.js';
import { readQrels, readRun } from '../../retrieval/files.js';
import type { Qrels, Run } from '../../retrieval/ranking.js';
import { isRunFolder, isSweepFolder, listSweep } from '../runs/listed.js';

/** A system's result on a set, and where its ranking lies beside it. */
export interface Scored {
  readonly result: Result;
  readonly file: string;
}

/** What of the results to draw; the first set and measure where not given. */
export interface Choice {
  readonly set: string | undefined;
  readonly measure: string | undefined;
}

export interface Chosen {
  /** As {@link titleOf} has it. */
  readonly title: string;
  readonly measure: string;
  readonly systems: readonly Scored[];
}

/**
 * The systems that were scored on one set, from run folders and results of `eval`.
 *
 * @throws Fault where there are none, or not the set or the measure that was asked for
 */
export function readScored(paths: readonly string[], { set, measure }: Choice): Chosen {
  const all = paths
    .flatMap(resultsFolders)
    .flatMap(resultFiles)
    .map((file) => ({ result: readResult(file), file }));
  if (all.length === 0) {
    throw new Fault(`Expected results of reasontune eval for ${paths.join(' ')}, got none. Evaluate a run first.`);
  }
  const titles = [...new Set(all.map(({ result }) => titleOf(result)))];
  const title = titles.find((one) => set === undefined || one === set || one.split(', ')[0] === set);
  if (title === undefined) {
    throw new Fault(`Expected a set with results for --set, got ${set}. Choose one of: ${titles.join('; ')}.`);
  }
  const here = all.filter(({ result }) => titleOf(result) === title);
  const measures = [...new Set(here.flatMap(({ result }) => Object.keys(result.metrics)))];
  if (measure !== undefined && !measures.includes(measure)) {
    throw new Fault(
      `Expected a measure of the results for --measure, got ${measure}. Choose one of: ${measures.join(', ')}.`,
    );
  }
  const by = measure ?? (measures[0] as string);
  // The same system may lie beside several runs.
  const systems = here.filter(
    ({ result }, i) =>
      result.metrics[by] !== undefined &&
      here.findIndex(
        (other) => other.result.system === result.system && other.result.metrics[by] === result.metrics[by],
      ) === i,
  );
  return { title, measure: by, systems };
}

/** Where results lie: of a run and of a sweep's runs not those along the way, which successive halving compares. */
function resultsFolders(path: string): string[] {
  if (isRunFolder(path)) return [join(path, 'results')];
  if (!isSweepFolder(path)) return [path];
  const folders = listSweep(path).map(({ folder }) => join(folder, 'results'));
  return [join(path, 'baselines'), ...folders].filter((folder) => existsSync(folder));
}

/** A result's ranking. @throws Fault where it is gone */
export function rankingOf({ file }: Scored): Run {
  const stem = file.slice(0, -'.json'.length);
  const found = [`${stem}.run`, `${stem}.run.json`].find((path) => existsSync(path));
  if (found === undefined) {
    throw new Fault(`Expected the ranking beside ${file}, got no ${stem}.run. Evaluate it again with --out.`);
  }
  return readRun(found);
}

/** The judgements of a result's set, where its folder still is. @throws Fault where they are not there */
export function judgementsFor({ result, file }: Scored): Qrels {
  const { folder, split } = result;
  const path = folder === undefined || split === undefined ? undefined : judgementsFile(folder, split);
  if (path !== undefined && statSync(path, { throwIfNoEntry: false })?.isFile()) return readQrels(path);
  throw new Fault(
    `Expected the judgements that ${file} was scored with, got none at ${path ?? 'a place it names'}. Run where the set’s folder can be found.`,
  );
}
