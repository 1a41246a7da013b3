import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { cacheFolder } from '../plan/places.js';
import { writeWhole } from '../plan/whole-file.js';

// A stamp is what setup leaves in the cache, so that neither a second setup nor a run has to look again.

/** Where the stamp of an addon lies: one cache may serve several checkouts and several machines. */
export function stampPath(sourcesMark: string, ...others: readonly string[]): string {
  const parts = [sourcesMark, `${process.platform}-${process.arch}`, ...others];
  const sum = createHash('sha256').update(parts.join('\0'));
  return cacheFolder('addon', `${sum.digest('hex').slice(0, 20)}.json`);
}

/** Identifies the content of small files. */
export function contentMark(files: readonly string[]): string {
  const sum = createHash('sha256');
  for (const file of files) sum.update(`${basename(file)}\0`).update(readFileSync(file));
  return sum.digest('hex');
}

export function writeStampFile(file: string, stamp: object): void {
  writeWhole(file, JSON.stringify(stamp, null, 2));
}

/** Identifies a large file's content without reading it: one replaced or cut short has another mark. */
export function fileMark(file: string): string {
  const { size, mtimeMs } = statSync(file);
  return `${size}-${mtimeMs}`;
}
