import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

export function sha256(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

/** The SHA-256 of a file's content, null where there is no file that can be read. */
export function sha256OfFile(path: string): string | null {
  try {
    return sha256(readFileSync(path));
  } catch {
    return null;
  }
}
