import { existsSync, readdirSync, readlinkSync, renameSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { holderOf } from './lock.js';

// What lies where in a run folder: programs meet there, never through each other's memory.

export function stepFolder(step: number): string {
  return `step-${String(step).padStart(6, '0')}`;
}

/** A run's whole checkpoints, oldest first; none for what is no run, no folder, or does not exist. */
export function checkpointsIn(runFolder: string): string[] {
  if (!statSync(runFolder, { throwIfNoEntry: false })?.isDirectory()) return [];
  return readdirSync(runFolder)
    .filter((name) => /^step-\d{6,}$/.test(name))
    .sort((a, b) => Number(a.slice(5)) - Number(b.slice(5)))
    .map((name) => join(runFolder, name));
}

export function lastCheckpoint(runFolder: string): string | null {
  return checkpointsIn(runFolder).at(-1) ?? null;
}

/** The checkpoint that scored best while training, where the plan had it scored: the run's link `best`. */
export function bestCheckpoint(runFolder: string): string | null {
  try {
    const step = basename(readlinkSync(join(runFolder, 'best')));
    return checkpointsIn(runFolder).find((checkpoint) => basename(checkpoint) === step) ?? null;
  } catch {
    return null;
  }
}

/** Makes a run's checkpoint its best; the link is there at every moment. */
export function linkBest(checkpoint: string): void {
  const run = join(checkpoint, '..');
  rmSync(join(run, '.best'), { force: true });
  symlinkSync(basename(checkpoint), join(run, '.best'));
  renameSync(join(run, '.best'), join(run, 'best'));
}

/** What a run came to: its best checkpoint, where it knows one, else its last. */
export function finalCheckpoint(runFolder: string): string | null {
  return bestCheckpoint(runFolder) ?? lastCheckpoint(runFolder);
}

/** What a model is called in tables: `all-MiniLM-L6-v2`, `run/step-000057` for a checkpoint, a run by its own name. */
export function modelName(model: string): string {
  const name = basename(model);
  return existsSync(join(model, 'trainer')) ? `${basename(dirname(model))}/${name}` : name;
}

/** The number of steps that a checkpoint folder's name says. */
export function stepOf(checkpoint: string): number {
  return Number(/step-(\d+)$/.exec(checkpoint)?.[1] ?? 0);
}

/** The file in a run's folder that says which process writes there. */
export const lockFile = '.lock';

/** The living process that writes to a run's folder; null where there is none. */
export function writerOf(runFolder: string): number | null {
  return holderOf(join(runFolder, lockFile));
}

/** What a run of a sweep is called in its folder: `vl-seed1`. */
export function sweepRunName({ variant, seed }: { readonly variant: string; readonly seed: number }): string {
  return `${variant}-seed${seed}`;
}

/** The variant and the plan's hash that a folder `<variant>-seed<n>-<hash>` of a sweep is named by; null for another name. */
export function sweepRunOf(folder: string): { readonly variant: string; readonly hash: string } | null {
  const [, variant, hash] = /^(.+)-seed\d+-([0-9a-f]{12})$/.exec(folder) ?? [];
  return variant !== undefined && hash !== undefined ? { variant, hash } : null;
}
