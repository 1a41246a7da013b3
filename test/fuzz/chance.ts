import type { Argument, Handle } from '../../tensor/torch/addon.js';

/** The choices of a fuzz: whole numbers under n, one of a list, an argument that may be anything. */
export interface Chance {
  below(n: number): number;
  pick<T>(from: readonly T[]): T;
  odd(): unknown;
}

/** A call of one of our own operators. */
export interface OwnCall {
  readonly operator: string;
  readonly args: readonly Argument[];
  /** Whatever was made for the call, to be released after it. */
  readonly made: readonly Handle[];
}
