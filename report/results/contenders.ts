import { statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { type Result, readResults } from '../../eval/result.js';
import { Fault } from '../../plan/fault.js';
import { isRunFolder, isSweepFolder, listRuns } from '../runs/listed.js';
import { readSweepFolder, readTrained, type SweepFolder, type Trained } from './trained.js';

/** Trainings and systems to set side by side. */
export interface Contenders {
  readonly name: string;
  /** Runs of one variant differ by their seeds. */
  readonly runs: readonly Trained[];
  /** Systems that the user named, tested as the variants are. */
  readonly systems: readonly Result[];
  /** Systems that a sweep scored beside its runs: shown, and tested against, but not tested themselves. */
  readonly references: readonly Result[];
  /** A variant's or a system's name; null where there is nothing to test against. */
  readonly baseline: string | null;
}

/**
 * Reads what the user named: sweep folders, run folders (those whose plans differ in their seeds alone are one variant),
 * and results of `eval`.
 *
 * @param baseline the name of what to test against; where it is not given, what a sweep names, else the model before
 *   training, else whatever was named first
 * @throws Fault where nothing was evaluated, or there is no such baseline
 */
export function readContenders(paths: readonly string[], baseline?: string): Contenders {
  const folders = paths.filter(isFolder);
  const sweeps = folders.filter(isSweepFolder).map(readSweepFolder);
  const prefix = ({ name }: SweepFolder): string => (sweeps.length > 1 ? `${name}: ` : '');
  const runs = listRuns(folders.filter(isRunFolder)).map(readTrained);
  const others = paths.filter((path) => !isFolder(path) || (!isRunFolder(path) && !isSweepFolder(path)));
  const all = {
    name: sweeps.map(({ name }) => name).join(', ') || basename(resolve(paths[0] ?? '.')),
    runs: [
      ...sweeps.flatMap((sweep) => sweep.runs.map((run) => ({ ...run, variant: prefix(sweep) + run.variant }))),
      ...runs,
    ],
    systems: others.length > 0 ? readResults(others) : [],
    references: sweeps.flatMap(({ references }) => references),
  };
  const evaluated = [...all.runs.flatMap(({ results }) => results), ...all.systems];
  if (evaluated.length === 0) {
    throw new Fault(`Expected results of reasontune eval for ${paths.join(' ')}, got none. Evaluate a run first.`);
  }
  const bases = [...new Set(sweeps.flatMap((sweep) => sweep.bases))];
  return { ...all, baseline: named(all, bases, baseline ?? sweeps.find((sweep) => sweep.baseline)?.baseline) };
}

type Named = Omit<Contenders, 'baseline'>;

function named({ runs, systems, references }: Named, bases: readonly string[], wanted?: string | null): string | null {
  const names = [
    ...runs.filter(({ results }) => results.length > 0).map(({ variant }) => variant),
    ...[...systems, ...references].map(({ system }) => system),
  ];
  const untrained = [...new Set(references.filter(({ model }) => bases.includes(model)).map(({ system }) => system))];
  if (wanted === undefined || wanted === null) {
    if (untrained.length === 1) return untrained[0] as string;
    return new Set(names).size > 1 ? (names[0] as string) : null;
  }
  if (names.includes(wanted)) return wanted;
  if (wanted === 'base' && untrained.length === 1) return untrained[0] as string;
  const choices = [...new Set(names)].join(', ');
  throw new Fault(
    `Expected a variant or a system with results for the baseline, got ${wanted}. Choose one with --baseline: ${choices}.`,
  );
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
