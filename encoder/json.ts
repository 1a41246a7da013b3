import { readFileSync } from 'node:fs';
import { Fault, reasonOf } from '../plan/fault.js';

/** A JSON file's value; a Fault names the file when it is missing or is not JSON. */
export function readJson(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    throw new Fault(`Expected a file at ${file}, found none. Fetch or copy it again.`);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Fault(`Expected JSON in ${file}, got: ${reasonOf(error)}. Fetch or copy it again.`);
  }
}
