import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { onPath } from './command.js';
import { nvidiaDriver } from './driver.js';
import type { Torch } from './find-torch.js';
import { PYTHONS } from './pip.js';
import { sourcesMark } from './sources.js';
import { fileMark, stampPath, writeStampFile } from './stamp-file.js';

// Raised whenever a Stamp means something else: an older one is then not read.
const FORMAT = '3';

/** What setup found and compiled, so that neither a second setup nor a run has to look again. */
export interface Stamp {
  readonly addon: string;
  /** Identifies the addon's own file: one cut short after it was proved has another. */
  readonly compiled: string;
  readonly torch: Torch;
  /** Identifies the libtorch file compiled against: a torch upgraded in place has another one. */
  readonly library: string;
  /** Everything around us that the choice of a torch depended on. */
  readonly surroundings: string;
  /** Folders where a Python would show a torch installed or removed later, with their times of change. */
  readonly sites: Readonly<Record<string, number>>;
}

/** The stamp that setup left for this addon's source and this LIBTORCH, while what it names is still there unchanged. */
export function readStamp(): Stamp | null {
  try {
    const stamp = JSON.parse(readFileSync(stampFile(), 'utf8')) as Stamp;
    const whole = stamp.compiled === fileMark(stamp.addon) && stamp.library === libraryMark(stamp.torch);
    return whole ? stamp : null;
  } catch {
    // None, or not readable any more: setup makes a new one.
    return null;
  }
}

/** Leaves a stamp for the next setup and for every run. */
export function writeStamp(addon: string, torch: Torch, siteFolders: readonly string[]): void {
  const sites = Object.fromEntries(siteFolders.map((folder) => [folder, timeOfChange(folder)]));
  const compiled = fileMark(addon);
  const stamp: Stamp = { addon, compiled, torch, library: libraryMark(torch), surroundings: surroundings(), sites };
  writeStampFile(stampFile(), stamp);
}

/** Whether the choice that the stamp records would be made again: nothing it depended on has changed. */
export function stillHolds(stamp: Stamp): boolean {
  const unchanged = Object.entries(stamp.sites).every(([folder, time]) => timeOfChange(folder) === time);
  return unchanged && stamp.surroundings === surroundings();
}

/**
 * The Pythons on PATH and the NVIDIA driver: when they change, another torch may be the right one. A stand-in such as
 * pyenv's answers for many Pythons, so what tells it which one counts too.
 */
function surroundings(): string {
  const { VIRTUAL_ENV, CONDA_PREFIX, PYENV_VERSION, PYTHONPATH } = process.env;
  const pythons = PYTHONS.map((name) => onPath(name));
  return JSON.stringify([pythons, VIRTUAL_ENV, CONDA_PREFIX, PYENV_VERSION, PYTHONPATH, nvidiaDriver() !== null]);
}

function stampFile(): string {
  return stampPath(sourcesMark(), 'torch', FORMAT, process.env.LIBTORCH ?? '');
}

function timeOfChange(folder: string): number {
  return statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function libraryMark(torch: Torch): string {
  return fileMark(join(torch.libFolder, 'libtorch_cpu.so'));
}
