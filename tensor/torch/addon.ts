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

declare const kernelBrand: unique symbol;

/** A CUDA kernel of ours, ready to be launched. */
export interface Kernel {
  readonly [kernelBrand]: true;
}

/** Bytes on a device: of living tensors, of them at most since `resetPeak`, and taken from the device in all. */
interface DeviceMemory {
  readonly allocated: number;
  readonly peak: number;
  readonly reserved: number;
}

/** How arithmetic is done on a device, for every operator from then on; what is left out stays as it is. */
interface Arithmetic {
  /** Matrix products of float32 in TF32 (10 bits of mantissa). PyTorch's default: no. */
  readonly tf32?: boolean;
  /** Matrix products of bfloat16 may add partial sums in bfloat16. PyTorch's default: yes. */
  readonly reducedBfloat16Sums?: boolean;
  /** The same numbers in every run. PyTorch's default: no. */
  readonly deterministic?: boolean;
}

/** The addon's own face (native/addon.cpp, native/accelerator.cpp). `call` runs one operator of PyTorch by its name. */
export interface Addon {
  readonly version: string;
  readonly cuda: boolean;
  /** float32 numbers in a vector register of this machine: our kernels want widths that are multiples of it. */
  readonly lanes: number;
  /** Whether this machine multiplies bfloat16: without that, libtorch's products are as fast as ours. */
  readonly pairs: boolean;
  call(operator: string, positional: readonly Argument[], named?: Readonly<Record<string, Argument>>): unknown;
  /** What this torch knows of an operator: argument names, and whether a device has a kernel for it. */
  describe(operator: string): { arguments: string[]; cpu: boolean; cuda: boolean } | null;
  /** Does not wait for a device to have the values. */
  fromArray(values: HostArray | BigInt64Array, shape: readonly number[], device: string): Handle;
  /** Waits for everything queued on the tensor's device. */
  toArray(tensor: Handle): HostArray;
  /** The values that the tensor has now, whatever is done to it afterwards. */
  read(tensor: Handle): Promise<HostArray>;
  release(tensor: Handle): void;
  shape(tensor: Handle): number[];
  /** PyTorch's number of its type (scalar-types.ts). */
  scalarType(tensor: Handle): number;
  setThreads(count: number): number;
  liveTensors(): number;
  /** Null for the CPU, and where torch is older than 2.9. */
  memory(device: string): DeviceMemory | null;
  resetPeak(device: string): void;
  configure(arithmetic: Arithmetic): void;
  /** `capability` is 90 for sm_90, `cuda` the newest that the driver serves, 12040 for 12.4. Throws without a driver. */
  cudaDevice(index: number): { name: string; capability: number; cuda: number };
  nvrtcVersion(): string;
  /** Machine code of CUDA C for an architecture ("sm_90"); throws the compiler's words. Needs no GPU. */
  compileKernels(source: string, name: string, architecture: string): Uint8Array;
  loadKernel(cubin: Uint8Array, name: string): Kernel;
  /** Queues a kernel. A tensor is passed as its address, a bigint as `long long`, a number as `float`. */
  launch(kernel: Kernel, blocks: number, threads: number, args: readonly (Handle | bigint | number)[]): void;
  /** Where the values of contiguous tensors lie. */
  addresses(tensors: readonly Handle[]): BigInt64Array;
}

/** Whether an error is the device's memory running out; its message differs between devices and versions. */
export function isOutOfMemory(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'OUT_OF_MEMORY';
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
