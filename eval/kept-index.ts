import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import { z } from 'zod';
import { Fault, reasonOf } from '../plan/fault.js';
import type { Documents } from '../retrieval/dense.js';
import type { Identity } from './embed/embedder.js';

export const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/);
/** What says of which corpus, model and settings something kept is. */
export const identitySchema = { weights: sha256Schema, settings: sha256Schema, corpus: sha256Schema };
const size = z.int().nonnegative();

const manifestSchema = z.object({
  format: z.literal(1),
  /** The system's name, for people. */
  model: z.string(),
  ...identitySchema,
  documents: size,
  rows: size,
  width: size,
  /** Whether documents have several rows: starts.i32 is there. */
  chunked: z.boolean(),
  /** Of the files' bytes, vectors.f32 and then starts.i32. */
  crc32: size,
  /** What embedding them took. */
  seconds: z.number(),
  tokens: z.number().nullable(),
});
type Manifest = z.output<typeof manifestSchema>;

/** A corpus's vectors, and what making them took, now or when they were kept. */
export interface DenseIndex extends Documents {
  readonly seconds: number;
  readonly tokens: number | null;
}

/** What an index is of: it is refused for anything else. */
export interface IndexOf extends Identity {
  readonly model: string;
  /** {@link corpusHash} */
  readonly corpus: string;
}

/** SHA-256 over ids and texts, in order. */
export function corpusHash({ ids, texts }: { readonly ids: readonly string[]; readonly texts: readonly string[] }) {
  const sum = createHash('sha256');
  for (const [i, id] of ids.entries()) sum.update(`${JSON.stringify([id, texts[i]])}\n`);
  return sum.digest('hex');
}

/** SHA-256 over a value as JSON. */
export function hashOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}

/**
 * Reopens the index in a folder, or makes it and keeps it there: manifest.json, vectors.f32 (little-endian float32, row
 * by row), and starts.i32 where documents are in pieces. It appears whole or not at all.
 *
 * @param ids the corpus's, in its order
 * @throws Fault a folder that is something else, files that are damaged, an index of another corpus, model or settings
 */
export async function keptIndex(
  folder: string,
  of: IndexOf,
  ids: readonly string[],
  make: () => Promise<DenseIndex>,
): Promise<DenseIndex> {
  if (existsSync(folder)) return reopen(folder, of, ids);
  const unfinished = `${folder}.part-${process.pid}`;
  // Before the work, which may take hours, not after it.
  writing(folder, () => mkdirSync(unfinished, { recursive: true }));
  try {
    const made = await make();
    writing(folder, () => {
      keep(unfinished, of, made);
      renameSync(unfinished, folder);
    });
    return made;
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}

function writing(folder: string, write: () => void): void {
  try {
    write();
  } catch (error) {
    throw new Fault(`Expected a folder that can be written for ${folder}, got ${reasonOf(error)}. Check --index.`);
  }
}

const differences = { corpus: 'another corpus', weights: 'another model', settings: 'other settings of its model' };

function reopen(folder: string, of: IndexOf, ids: readonly string[]): DenseIndex {
  const file = join(folder, 'manifest.json');
  const manifest = readManifest(file, manifestSchema, (got) => damaged(folder, got));
  refuseOther(folder, of, manifest);
  const values = new Float32Array(manifest.rows * manifest.width);
  let sum = readInto(join(folder, 'vectors.f32'), values);
  const { width, seconds, tokens } = manifest;
  const whole = { ids, values, width, seconds, tokens };
  const starts = manifest.chunked ? new Int32Array(manifest.documents + 1) : null;
  if (starts) sum = readInto(join(folder, 'starts.i32'), starts, sum);
  if (sum !== manifest.crc32) throw damaged(folder, 'other bytes than were written');
  return starts ? { ...whole, starts } : whole;
}

/** @throws Fault where what is kept is of another corpus, model or settings */
export function refuseOther(path: string, of: IndexOf, kept: Omit<IndexOf, 'model'>): void {
  for (const [key, what] of Object.entries(differences) as [keyof typeof differences, string][]) {
    if (kept[key] === of[key]) continue;
    throw new Fault(
      `Expected an index of this corpus by ${of.model} in ${path}, got one of ${what} ` +
        `(${kept[key].slice(0, 12)}, now ${of[key].slice(0, 12)}). Delete it to have it made anew, or name another --index.`,
    );
  }
}

/** @throws what `damaged` makes of a file that is missing, no JSON or of another form */
export function readManifest<T>(file: string, schema: z.ZodType<T>, damaged: (got: string) => Fault): T {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw damaged(reasonOf(error));
  }
  const checked = schema.safeParse(value);
  if (checked.success) return checked.data;
  throw damaged(`another form of ${basename(file)} at ${checked.error.issues[0]?.path.join('.') || 'its top'}`);
}

function damaged(folder: string, got: string): Fault {
  return new Fault(`Expected a kept index in ${folder}, got ${got}. Delete the folder or name another --index.`);
}

function keep(folder: string, of: IndexOf, { ids, values, width, starts, seconds, tokens }: DenseIndex): void {
  let sum = writeFrom(join(folder, 'vectors.f32'), values);
  if (starts) sum = writeFrom(join(folder, 'starts.i32'), starts, sum);
  const manifest: Manifest = {
    format: 1,
    ...of,
    documents: ids.length,
    rows: values.length / width,
    width,
    chunked: starts !== undefined,
    crc32: sum,
    seconds,
    tokens,
  };
  writeFileSync(join(folder, 'manifest.json'), `${JSON.stringify(manifest, null, 1)}\n`);
}

type Numbers = Float32Array | Int32Array;

// Node reads and writes at most 2 GiB at once.
const bytesAtOnce = 1 << 28;

function* pieces(values: Numbers): Generator<Uint8Array> {
  for (let at = 0; at < values.byteLength; at += bytesAtOnce) {
    yield new Uint8Array(values.buffer, values.byteOffset + at, Math.min(bytesAtOnce, values.byteLength - at));
  }
}

function readInto(path: string, values: Numbers, sum = 0): number {
  const bytes = statSync(path, { throwIfNoEntry: false })?.size;
  if (bytes !== values.byteLength) {
    throw damaged(dirname(path), `${bytes ?? 'no'} bytes for ${values.byteLength} of ${path}`);
  }
  const file = openSync(path, 'r');
  try {
    for (const piece of pieces(values)) {
      for (let at = 0; at < piece.length; ) at += readSync(file, piece, at, piece.length - at, null);
      sum = crc32(piece, sum);
    }
  } finally {
    closeSync(file);
  }
  return sum;
}

/** CRC-32 of a file's bytes, a piece at a time. */
export function crcOfFile(path: string): number {
  const file = openSync(path, 'r');
  try {
    const piece = Buffer.allocUnsafe(1 << 20);
    let sum = 0;
    for (let read = readSync(file, piece); read > 0; read = readSync(file, piece)) {
      sum = crc32(piece.subarray(0, read), sum);
    }
    return sum;
  } finally {
    closeSync(file);
  }
}

function writeFrom(path: string, values: Numbers, sum = 0): number {
  const file = openSync(path, 'w');
  try {
    for (const piece of pieces(values)) {
      for (let at = 0; at < piece.length; ) at += writeSync(file, piece, at, piece.length - at);
      sum = crc32(piece, sum);
    }
  } finally {
    closeSync(file);
  }
  return sum;
}
