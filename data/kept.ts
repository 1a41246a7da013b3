import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { cacheFolder } from '../plan/places.js';
import { writeWhole } from '../plan/whole-file.js';

/** A hash of what is kept: of everything that it was made from. */
export function keyOf(...parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}

/**
 * Bytes that are costly to make, from `<cache>/<folder>/<name>`, and made and kept where they are not there whole: a
 * checksum stands behind them. Two processes may make the same at once; the last one to finish puts the same bytes there.
 */
export function kept(folder: string, name: string, make: () => Uint8Array): Uint8Array {
  const file = cacheFolder(folder, name);
  if (existsSync(file)) {
    const bytes = readFileSync(file);
    const end = bytes.length - 4;
    // A copy, since a pooled buffer need not begin where a number may.
    if (end >= 0 && crc32(bytes.subarray(0, end)) === bytes.readUInt32LE(end))
      return new Uint8Array(bytes.subarray(0, end));
  }
  const made = make();
  const bytes = Buffer.alloc(made.byteLength + 4);
  bytes.set(made);
  bytes.writeUInt32LE(crc32(made), made.byteLength);
  writeWhole(file, bytes);
  return made;
}
