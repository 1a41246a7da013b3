import type { Addon, Argument, Handle } from '../../tensor/torch/addon.js';

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

/** Makes tensors for a call, by hand or by PyTorch's operators, and keeps a list of them. */
export function making(addon: Addon): {
  readonly made: readonly Handle[];
  own(handle: unknown): Handle;
  op(name: string, args: readonly Argument[], named?: Record<string, Argument>): Handle;
} {
  const made: Handle[] = [];
  const own = (handle: unknown): Handle => {
    made.push(handle as Handle);
    return handle as Handle;
  };
  return { made, own, op: (name, args, named) => own(addon.call(`aten::${name}`, args, named)) };
}
