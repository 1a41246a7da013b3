import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';

/**
 * Fills a folder under a temporary name beside its final one and renames it when `fill` is through, so that nothing
 * half-written is ever found there. Two processes may do so at once: the first whole folder wins, the other is dropped.
 */
export async function makeWhole<T>(folder: string, fill: (temporary: string) => Promise<T>): Promise<T> {
  removeAbandoned(folder);
  const temporary = `${folder}.tmp-${hostname()}-${process.pid}`;
  rmSync(temporary, { recursive: true, force: true });
  mkdirSync(temporary, { recursive: true });
  try {
    const result = await fill(temporary);
    try {
      renameSync(temporary, folder);
    } catch (error) {
      if (!existsSync(folder)) throw error;
    }
    return result;
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

// What a killed process left behind may be gigabytes.
function removeAbandoned(folder: string): void {
  const prefix = `${basename(folder)}.tmp-${hostname()}-`;
  if (!existsSync(dirname(folder))) return;
  for (const name of readdirSync(dirname(folder))) {
    if (name.startsWith(prefix) && !isAlive(Number(name.slice(prefix.length)))) {
      rmSync(join(dirname(folder), name), { recursive: true, force: true });
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
