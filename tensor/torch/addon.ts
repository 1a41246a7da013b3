import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { checked } from './preconditions.js';

declare const handleBrand: unique symbol;

/** A tensor that lives in libtorch; only the addon can make or open one. */
export interface Handle {
  readonly [handleBrand]: true;
}

export type HostArray = Float32Array | Int32Array | Uint8Array;
export type Argument = Handle | number | boolean | string | null | undefined | readonly Argument[];

/** The addon's own face (native/addon.cpp). `call` runs one operator of PyTorch by its schema name. */
export interface Addon {
  readonly version: string;
  readonly cuda: boolean;
  /** float32 numbers in a vector register of this machine: our kernels want widths that are multiples of it. */
  readonly lanes: number;
  call(operator: string, positional: readonly Argument[], named?: Readonly<Record<string, Argument>>): unknown;
  fromArray(values: HostArray | BigInt64Array, shape: readonly number[], device: string): Handle;
  toArray(tensor: Handle): HostArray;
  release(tensor: Handle): void;
  shape(tensor: Handle): number[];
  /** PyTorch's number of its type (scalar-types.ts). */
  scalarType(tensor: Handle): number;
  setThreads(count: number): number;
  liveTensors(): number;
}

/** Loads a compiled addon; throws what the dynamic linker says where it or its libtorch is not as it should be. */
export function loadAddon(file: string): Addon {
  checkWhole(file);
  const loaded = createRequire(import.meta.url)(file) as Partial<Addon>;
  if (typeof loaded.call !== 'function') throw new Error(`${file} is another addon`);
  return checked(loaded as Addon);
}

/** A file cut short, by a full disk or a copy that was stopped, would end the process when it is mapped, not throw. */
function checkWhole(file: string): void {
  const bytes = readFileSync(file);
  const isElf = bytes.length >= 64 && bytes.readUInt32BE(0) === 0x7f454c46;
  // An ELF file ends with the table of its sections: where that begins, the size of an entry, how many there are.
  const end = isElf ? Number(bytes.readBigUInt64LE(0x28)) + bytes.readUInt16LE(0x3a) * bytes.readUInt16LE(0x3c) : 0;
  if (!isElf || bytes.length < end) throw new Error(`${file} is not a whole library`);
}
