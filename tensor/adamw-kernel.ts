import type { Addon, Handle, Kernel } from './torch/addon.js';
import type { Aten } from './torch/aten.js';
import { scalarTypes } from './torch/scalar-types.js';

// native/kernels/adamw.cu: how its arguments are laid out.

/** Numbers that one block of the kernel updates. */
const chunkSize = 8192;
const threads = 256;

/** What one launch updates, in place: float32 weights and moments; gradients all float32 or all bfloat16. */
export interface AdamWLists {
  readonly weights: readonly Handle[];
  readonly gradients: readonly Handle[];
  readonly first: readonly Handle[];
  readonly second: readonly Handle[];
}

export interface AdamWNumbers {
  /** 1 for the first update. */
  readonly step: number;
  readonly learningRate: number;
  readonly weightDecay: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly eps: number;
  /** Multiplies every gradient first. */
  readonly scale: number;
}

/** The kernel's floats, in its order. */
export function kernelNumbers(given: AdamWNumbers): number[] {
  const { step, learningRate, weightDecay, beta1, beta2, eps, scale } = given;
  const stepSize = learningRate / (1 - beta1 ** step);
  return [scale, 1 - learningRate * weightDecay, stepSize, 1 / Math.sqrt(1 - beta2 ** step), beta1, beta2, eps];
}

/** Which part of which tensor each block takes: pairs of (tensor, number of its chunk). */
export function chunksOf(sizes: readonly number[], size = chunkSize): Int32Array {
  return Int32Array.from(
    sizes.flatMap((count, tensor) => Array.from({ length: Math.ceil(count / size) }, (_, i) => [tensor, i]).flat()),
  );
}

/** The kernel's table: for each tensor the addresses of weight, gradient, moments, bfloat16 copy (none), and its size. */
export function tableOf(addon: Addon, lists: AdamWLists, sizes: readonly number[]): BigInt64Array {
  const { weights, gradients, first, second } = lists;
  const columns = [weights, gradients, first, second].map((list) => addon.addresses(list));
  const row = (i: number): bigint[] => [...columns.map((column) => column[i] as bigint), 0n, BigInt(sizes[i]!)];
  return BigInt64Array.from(weights.flatMap((_, i) => row(i)));
}

/** Queues one update of a list of tensors by our own kernel. */
export function launchAdamW(
  aten: Aten,
  kernelNamed: (name: string) => Kernel,
  lists: AdamWLists,
  numbers: AdamWNumbers,
): void {
  const { addon } = aten;
  const type = addon.scalarType(lists.gradients[0]!) === scalarTypes.bfloat16 ? 'bfloat16' : 'float32';
  const sizes = lists.weights.map((weight) => addon.shape(weight).reduce((a, b) => a * b, 1));
  const chunks = chunksOf(sizes);
  // The caller's Aten frees both; their memory is given out again in the order of the stream, after the kernel.
  const table = aten.from(tableOf(addon, lists, sizes), [sizes.length, 6]);
  const blocks = aten.from(chunks, [chunks.length / 2, 2]);
  addon.launch(kernelNamed(`adamw_${type}`), chunks.length / 2, threads, [
    ...[table, blocks, BigInt(chunkSize)],
    ...kernelNumbers(numbers),
  ]);
}
