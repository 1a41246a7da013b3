import { closeSync, openSync, readSync } from 'node:fs';
import { Decompress } from 'fzstd';
import { Gunzip } from 'minizlib';
import { Fault, reasonOf } from '../../plan/fault.js';
import { ZstdFrames } from './zstd-frames.js';

const PLAIN_BYTES = 1 << 20;
// Deflate makes at most 1,032 bytes of one: 64 MiB at once.
const GZIP_BYTES = 1 << 16;
// A zstd block makes at most 128 KiB of 4 bytes: 64 MiB at once.
const ZSTD_BYTES = 1 << 11;
// What the zstd program takes without being asked (windowLog 27); the decoder keeps a window in memory.
const LARGEST_WINDOW = 1 << 27;

/**
 * The bytes of a file, a chunk at a time; gzip and zstd are told by their first bytes, whatever the name, and unpacked as
 * they come. Neither a large file nor one that grows a thousandfold is ever held whole.
 *
 * @throws Fault a file that is missing or unreadable, or whose compressed bytes are cut short or damaged.
 */
export function* readChunks(path: string): Generator<Uint8Array, void> {
  const file = orFault(path, () => openSync(path, 'r'));
  try {
    const start = orFault(path, () => readAt(file, PLAIN_BYTES));
    const packing = packingOf(start);
    const packed = function* (size: number): Generator<Uint8Array, void> {
      for (let from = 0; from < start.length; from += size) yield start.subarray(from, from + size);
      for (;;) {
        const chunk = orFault(path, () => readAt(file, size));
        if (chunk.length === 0) return;
        yield chunk;
      }
    };
    if (packing === 'none') yield* packed(PLAIN_BYTES);
    else if (packing === 'gzip') yield* gunzip(packed(GZIP_BYTES), path);
    else yield* unzstd(packed(ZSTD_BYTES), path);
  } finally {
    closeSync(file);
  }
}

function packingOf(start: Uint8Array): 'none' | 'gzip' | 'zstd' {
  if (start[0] === 0x1f && start[1] === 0x8b) return 'gzip';
  return start[0] === 0x28 && start[1] === 0xb5 && start[2] === 0x2f && start[3] === 0xfd ? 'zstd' : 'none';
}

function readAt(file: number, size: number): Uint8Array {
  const chunk = Buffer.allocUnsafe(size);
  return chunk.subarray(0, readSync(file, chunk, 0, size, null));
}

function* gunzip(packed: Iterable<Uint8Array>, path: string): Generator<Uint8Array, void> {
  const unpack = new Gunzip({});
  let made: Uint8Array[] = [];
  let failed: unknown = null;
  unpack.on('data', (chunk: Buffer) => made.push(chunk));
  unpack.on('error', (error: unknown) => {
    failed = error;
  });
  const taken = (): Uint8Array[] => {
    if (failed) throw damaged('gzip', path, reasonOf(failed).replace(/^zlib: /, ''));
    const chunks = made;
    made = [];
    return chunks;
  };
  for (const chunk of packed) {
    unpack.write(Buffer.from(chunk));
    yield* taken();
  }
  unpack.end();
  yield* taken();
}

function* unzstd(packed: Iterable<Uint8Array>, path: string): Generator<Uint8Array, void> {
  const frames = new ZstdFrames((window) => {
    if (window <= LARGEST_WINDOW) return;
    throw new Fault(
      `Expected a zstd file with a window of at most 128 MiB for ${path}, got ${Math.round(window / 2 ** 20)} MiB. ` +
        'Compress it again without --long or --ultra.',
    );
  });
  let made: Uint8Array[] = [];
  const unpack = new Decompress((chunk) => made.push(chunk));
  const feed = (chunk: Uint8Array, last: boolean): Uint8Array[] => {
    made = [];
    try {
      unpack.push(chunk, last);
    } catch (error) {
      throw damaged('zstd', path, reasonOf(error));
    }
    return made;
  };
  for (const chunk of packed) {
    // Before the decoder makes room for a window.
    frames.push(chunk);
    yield* feed(chunk, false);
  }
  yield* feed(new Uint8Array(0), true);
}

function damaged(format: string, path: string, reason: string): Fault {
  return new Fault(`Expected a whole ${format} file for ${path}, got one with ${reason}. Fetch or write it again.`);
}

/** Does something with a file; what fails becomes a Fault that names it. */
export function orFault<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    const got = code === 'ENOENT' ? 'no file' : code === 'EISDIR' ? 'a folder' : reasonOf(error);
    throw new Fault(`Expected a readable file for ${path}, got ${got}. Check the path and its permissions.`);
  }
}
