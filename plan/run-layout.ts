import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

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

/** The number of steps that a checkpoint folder's name says. */
export function stepOf(checkpoint: string): number {
  return Number(/step-(\d+)$/.exec(checkpoint)?.[1] ?? 0);
}
