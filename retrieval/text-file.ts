import { closeSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { Fault, reasonOf } from '../plan/fault.js';

/** A whole text file, without its byte order mark. @throws Fault when it cannot be read. */
export function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8').replace(/^\uFEFF/, '');
  } catch (error) {
    throw new Fault(`Expected a readable file for ${path}, got ${reasonOf(error)}. Check the path.`);
  }
}

/**
 * Writes a file part by part under a temporary name, and renames it when it is whole.
 *
 * @throws Fault when it cannot be written; what `parts` throws goes through. What was there before stays.
 */
export function writeInParts(path: string, parts: Iterable<string>): void {
  const unfinished = `${path}.part`;
  try {
    const file = openSync(unfinished, 'w');
    try {
      for (const part of parts) writeSync(file, part);
    } finally {
      closeSync(file);
    }
    renameSync(unfinished, path);
  } catch (error) {
    rmSync(unfinished, { force: true });
    if (error instanceof Fault) throw error;
    throw new Fault(`Expected a writable file for ${path}, got ${reasonOf(error)}. Check the folder.`);
  }
}
