import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cacheFolder } from '../plan/places.js';
import { onPath } from './command.js';
import { nvidiaDriver } from './driver.js';
import type { Torch } from './find-torch.js';
import { PYTHONS } from './pip.js';
import { sourcesMark } from './sources.js';

// Raised whenever a Stamp means something else: an older one is then not read.
const FORMAT = 2;

/** What setup found and compiled, so that neither a second setup nor a run has to look again. */
export interface Stamp {
  readonly addon: string;
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
    statSync(stamp.addon);
    return stamp.library === libraryMark(stamp.torch) ? stamp : null;
  } catch {
    // None, or not readable any more: setup makes a new one.
    return null;
  }
}

/** Leaves a stamp for the next setup and for every run. */
export function writeStamp(addon: string, torch: Torch, siteFolders: readonly string[]): void {
  const sites = Object.fromEntries(siteFolders.map((folder) => [folder, timeOfChange(folder)]));
  const stamp: Stamp = { addon, torch, library: libraryMark(torch), surroundings: surroundings(), sites };
  const file = stampFile();
  mkdirSync(dirname(file), { recursive: true });
  const temporary = `${file}.tmp-${process.pid}`;
  writeFileSync(temporary, JSON.stringify(stamp, null, 2));
  renameSync(temporary, file);
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

// One cache may serve several checkouts and several machines.
function stampFile(): string {
  const sum = createHash('sha256').update(sourcesMark());
  sum.update(`\0${FORMAT}-${process.platform}-${process.arch}\0${process.env.LIBTORCH ?? ''}`);
  return cacheFolder('addon', `${sum.digest('hex').slice(0, 20)}.json`);
}

function timeOfChange(folder: string): number {
  return statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function libraryMark(torch: Torch): string {
  const { size, mtimeMs } = statSync(join(torch.libFolder, 'libtorch_cpu.so'));
  return `${size}-${mtimeMs}`;
}
