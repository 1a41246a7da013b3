import { readStamp } from './stamp.js';

/**
 * The compiled addon that setup left, or null where there is none. Looks only: it installs and compiles nothing and
 * starts no process. `REASONTUNE_NO_TORCH=1` makes it null, for those who want another backend.
 */
export function locateAddon(): string | null {
  return noTorchWanted() ? null : (readStamp()?.addon ?? null);
}

/** Whether the user asked to do without libtorch. */
export function noTorchWanted(): boolean {
  return process.env.REASONTUNE_NO_TORCH === '1';
}
