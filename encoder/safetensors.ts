import { closeSync, existsSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { Fault } from '../plan/fault.js';
import { fromBfloat16, fromFloat16 } from './half-precision.js';

// The format: 8 bytes with the header's length, a JSON header {name: {dtype, shape, data_offsets}}, then the values.
// https://huggingface.co/docs/safetensors

/** A weight as it lies in memory: float32 values, row-major. */
export interface HostTensor {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

interface Entry {
  readonly dtype: string;
  readonly shape: number[];
  readonly data_offsets: [number, number];
}

const bytesPer: Readonly<Record<string, number>> = {
  F64: 8,
  I64: 8,
  F32: 4,
  I32: 4,
  F16: 2,
  BF16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
};
// The reference implementation's own limit.
const largestHeader = 100_000_000;

/**
 * A safetensors file's floating tensors, read one at a time as float32; integer tensors (position ids) are left out.
 * Every method throws a Fault that names the file for one that is missing, cut short, mislabelled, or of another format.
 */
export class SafetensorsFile {
  readonly #fd: number;
  readonly #start: number;
  readonly #entries = new Map<string, Entry>();

  constructor(readonly path: string) {
    if (!existsSync(path))
      throw new Fault(`Expected a safetensors file at ${path}, found none. Fetch or copy it again.`);
    this.#fd = openSync(path, 'r');
    try {
      const size = fstatSync(this.#fd).size;
      const { header, start } = readHeader(this.#fd, size, path);
      this.#start = start;
      for (const [name, value] of Object.entries(header)) {
        if (name === '__metadata__') continue;
        const entry = checkEntry(name, value, size - start, path);
        if (/^(F|BF)\d/.test(entry.dtype)) this.#entries.set(name, entry);
      }
    } catch (error) {
      this.close();
      throw error;
    }
  }

  get names(): string[] {
    return [...this.#entries.keys()];
  }

  shape(name: string): readonly number[] {
    return this.#entry(name).shape;
  }

  read(name: string): HostTensor {
    const entry = this.#entry(name);
    return {
      shape: entry.shape,
      values: readValues(this.#fd, this.#start, entry, `${this.path}, tensor ${name}`),
    };
  }

  close(): void {
    closeSync(this.#fd);
  }

  #entry(name: string): Entry {
    const entry = this.#entries.get(name);
    if (!entry) throw new Fault(`Expected tensor ${name} in ${this.path}, found none. Fetch or copy it again.`);
    return entry;
  }
}

/** Reads every floating tensor of a safetensors file. */
export function readSafetensors(path: string): Map<string, HostTensor> {
  const file = new SafetensorsFile(path);
  try {
    return new Map(file.names.map((name) => [name, file.read(name)]));
  } finally {
    file.close();
  }
}

function readHeader(fd: number, size: number, file: string): { header: Record<string, unknown>; start: number } {
  const refuse = (got: string): never => {
    throw new Fault(`Expected a safetensors file at ${file}, got ${got}. Fetch or copy it again.`);
  };
  if (size < 8) refuse(`${size} bytes`);
  const length = Buffer.alloc(8);
  readSync(fd, length, 0, 8, 0);
  const headerBytes = Number(length.readBigUInt64LE());
  if (headerBytes > largestHeader) refuse('a file of another format');
  if (headerBytes > size - 8) refuse('a file that was cut short');
  const text = Buffer.alloc(headerBytes);
  readSync(fd, text, 0, headerBytes, 8);
  try {
    const header: unknown = JSON.parse(text.toString('utf8'));
    if (typeof header !== 'object' || header === null || Array.isArray(header)) refuse('a header that is no object');
    return { header: header as Record<string, unknown>, start: 8 + headerBytes };
  } catch (error) {
    if (error instanceof Fault) throw error;
    return refuse('a header that is not JSON');
  }
}

function checkEntry(name: string, value: unknown, available: number, file: string): Entry {
  const entry = value as Partial<Entry> | null;
  const { dtype, shape, data_offsets: offsets } = entry ?? {};
  const naturals = (list: unknown): list is number[] =>
    Array.isArray(list) && list.every((n) => Number.isSafeInteger(n) && (n as number) >= 0);
  if (typeof dtype !== 'string' || !naturals(shape) || !naturals(offsets) || offsets.length !== 2) {
    throw new Fault(`Expected dtype, shape and data_offsets for tensor ${name} of ${file}. Fetch or copy it again.`);
  }
  const width = bytesPer[dtype];
  if (width === undefined) {
    throw new Fault(`Expected a known dtype for tensor ${name} of ${file}, got ${dtype}. Save it as float32.`);
  }
  const [begin, end] = offsets;
  const bytes = shape.reduce((a, b) => a * b, width);
  if (end - begin !== bytes) {
    throw new Fault(
      `Expected ${bytes} bytes for tensor ${name} of ${file}, its header says ${end - begin}. Fetch or copy it again.`,
    );
  }
  if (end > available) {
    throw new Fault(
      `Expected the values of tensor ${name} in ${file}, but the file was cut short. Fetch or copy it again.`,
    );
  }
  return { dtype, shape, data_offsets: offsets as [number, number] };
}

function readValues(
  fd: number,
  start: number,
  { dtype, data_offsets: [begin, end] }: Entry,
  what: string,
): Float32Array {
  const bytes = Buffer.from(new ArrayBuffer(end - begin));
  for (let at = 0; at < bytes.length; ) {
    const got = readSync(fd, bytes, at, Math.min(bytes.length - at, 1 << 30), start + begin + at);
    if (got === 0) throw new Fault(`Expected the values of ${what}, but the file ended. Fetch or copy it again.`);
    at += got;
  }
  if (dtype === 'F32') return new Float32Array(bytes.buffer);
  if (dtype === 'F64') return Float32Array.from(new Float64Array(bytes.buffer));
  const halves = new Uint16Array(bytes.buffer);
  return dtype === 'BF16' ? fromBfloat16(halves) : fromFloat16(halves);
}

/**
 * Writes float32 tensors, names in the order given. `values` is asked for one tensor at a time, when it is written. The
 * caller gives the file its final name.
 */
export function writeSafetensors(file: string, tensors: ReadonlyMap<string, HostTensor>): void {
  let offset = 0;
  const header: Record<string, unknown> = { __metadata__: { format: 'pt' } };
  for (const [name, { shape }] of tensors) {
    const bytes = shape.reduce((a, b) => a * b, 4);
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, offset + bytes] };
    offset += bytes;
  }
  const json = Buffer.from(JSON.stringify(header));
  // Padded with spaces to 8 bytes, so that the values lie aligned.
  const text = Buffer.concat([json, Buffer.alloc((8 - (json.length % 8)) % 8, ' ')]);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  const fd = openSync(file, 'w');
  try {
    writeAll(fd, length);
    writeAll(fd, text);
    for (const tensor of tensors.values()) {
      const { values } = tensor;
      writeAll(fd, new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    }
  } finally {
    closeSync(fd);
  }
}

/** A single write may take fewer bytes than given: a nearly full disk takes some and refuses the rest next time. */
function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at, Math.min(bytes.length - at, 1 << 30));
}
