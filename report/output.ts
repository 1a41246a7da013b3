import { Fault, reasonOf } from '../plan/fault.js';
import { writeWhole } from '../plan/whole-file.js';

/** Writes a picture or a table where the user said, whole. @throws Fault where it cannot be written */
export function writeOutput(path: string, content: Uint8Array | string): void {
  try {
    writeWhole(path, content);
  } catch (error) {
    throw new Fault(`Expected a writable place for ${path}, got ${reasonOf(error)}. Name another one.`);
  }
}
