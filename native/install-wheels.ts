import { mkdirSync, rmSync, statfsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { reasonOf } from '../plan/fault.js';
import { cacheFolder } from '../plan/places.js';
import { findPip, pipComplaint, runPip } from './pip.js';
import { say, since } from './progress.js';
import { makeWhole } from './temporary.js';

// Any pip can fetch the wheel of another Python, and nothing here runs it: for Pythons that a pinned wheel is not made
// for.
const OTHER_PYTHON = ['--python-version', '3.12', '--implementation', 'cp', '--abi', 'cp312'] as const;

/** A library that comes in Python wheels. */
export interface Wheels {
  /** In words: name, version, part. */
  readonly what: string;
  /** Where they are installed; nothing else lives there. */
  readonly folder: string;
  /** What pip unpacks. */
  readonly gigabytes: number;
  /** Arguments of `pip install`: requirements with their versions, and options. */
  readonly packages: readonly string[];
  readonly log: string;
  /** Whether the folder holds the library whole. */
  isWhole(): Promise<boolean>;
  /** Removes from a fresh folder what is not needed. */
  trim?(folder: string): void;
}

/**
 * Installs wheels into a folder of the cache with whatever pip there is; the user's Python is left as it is. Returns null
 * when they are there, else the reason why not.
 */
export async function installWheels(wheels: Wheels): Promise<string | null> {
  const { what, folder, gigabytes } = wheels;
  const found = await findPip();
  if ('reason' in found) return found.reason;
  const lack = lackOfSpace(dirname(folder), gigabytes);
  if (lack) return `${what} ${lack}`;

  say(`installing ${what} with pip: ${gigabytes} GB, once, into ${folder}`);
  const start = performance.now();
  try {
    // Another process may have been quicker; anything else under that name is damaged.
    if (await wheels.isWhole()) return null;
    rmSync(folder, { recursive: true, force: true });
    await makeWhole(folder, async (temporary) => {
      await pipInto(temporary, found.pip, wheels);
      wheels.trim?.(temporary);
    });
  } catch (error) {
    return `${what} could not be installed: ${reasonOf(error)}`;
  }
  say(`installed ${what} in ${since(start)}`);
  return null;
}

async function pipInto(target: string, pip: readonly string[], wheels: Wheels): Promise<void> {
  const log = cacheFolder(wheels.log);
  const scratch = join(target, '.pip');
  mkdirSync(scratch);
  const args = ['--no-user', '--no-compile', '--target', target, ...wheels.packages];
  const start = performance.now();
  const alive = setInterval(() => say(`still installing after ${since(start)}`), 30_000);
  try {
    let ending = await runPip(pip, 'install', args, log, scratch);
    if (ending.code !== 0 && ending.output.includes('No matching distribution found for')) {
      ending = await runPip(pip, 'install', [...OTHER_PYTHON, ...args], log, scratch);
    }
    if (ending.code !== 0) throw new Error(`${pipComplaint(ending.output)} (pip's output: ${log})`);
  } finally {
    clearInterval(alive);
    rmSync(scratch, { recursive: true, force: true });
  }
}

// The wheels and what is unpacked from them lie side by side for a while.
function lackOfSpace(folder: string, gigabytes: number): string | null {
  mkdirSync(folder, { recursive: true });
  const { bavail, bsize } = statfsSync(folder);
  const free = (bavail * bsize) / 1e9;
  if (free > 2 * gigabytes) return null;
  return `needs ${2 * gigabytes} GB of disk while it is installed, there are ${free.toFixed(1)} GB free in ${folder}`;
}
