import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Fault } from './fault.js';

/**
 * Takes a folder or a file for this process alone, by a file beside or in it with our process number, made only if there
 * is none; one whose process is gone is taken over.
 *
 * @param file the lock
 * @param what it guards, for the message
 * @returns gives it back
 * @throws Fault another process holds it
 */
export function lock(file: string, what: string): () => void {
  const take = (): void => writeFileSync(file, String(process.pid), { flag: 'wx' });
  try {
    take();
  } catch {
    const holder = holderOf(file);
    if (holder !== null && holder !== process.pid) {
      throw new Fault(
        `Expected ${what} for this run alone, but process ${holder} is writing to it. Wait for it, or choose another folder with --out.`,
      );
    }
    rmSync(file);
    take();
  }
  return () => rmSync(file, { force: true });
}

/** The living process that holds a lock; null where there is none, as where its maker was killed before it wrote its number. */
export function holderOf(file: string): number | null {
  let holder: number;
  try {
    holder = Number(readFileSync(file, 'utf8'));
    // Asks whether the process is there; nothing is sent to it.
    process.kill(holder, 0);
  } catch {
    return null;
  }
  return holder > 0 ? holder : null;
}
