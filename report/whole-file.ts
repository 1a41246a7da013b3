import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { Fault, reasonOf } from '../plan/fault.js';

/** Writes a file under another name first: one that is there is whole. @throws Fault where it cannot be written */
export function writeWhole(path: string, content: Uint8Array | string): void {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    mkdirSync(dirname(path), { recursive: true });
    try {
      writeFileSync(temporary, content);
      renameSync(temporary, path);
    } finally {
      rmSync(temporary, { force: true });
    }
  } catch (error) {
    throw new Fault(`Expected a writable place for ${path}, got ${reasonOf(error)}. Name another one.`);
  }
}
