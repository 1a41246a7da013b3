import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Fault } from '../../plan/fault.js';

const folder = mkdtempSync(join(tmpdir(), 'reasontune-plan-'));

/** A sound plan that sets only what it must. */
export const smallest = `name: small
model: {base: some/model}
data:
  sources:
    - {name: pep, kind: public, path: data/pep}
`;

/** Writes a file of this name and gives its path. */
export function file(text: string | Uint8Array, name = 'plan.yaml'): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** The lines of the Fault that a call throws, the folder of its files left out. */
export function faults(call: () => unknown): string[] {
  try {
    call();
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return error.message.replaceAll(`${folder}/`, '').split('\n');
  }
  throw new Error('expected a Fault, and nothing was thrown');
}
