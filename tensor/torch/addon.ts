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

/** Loads a compiled addon; throws what the dynamic linker says when its libtorch is gone. */
export function loadAddon(file: string): Addon {
  return checked(createRequire(import.meta.url)(file) as Addon);
}
