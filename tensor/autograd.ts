import { add, engine, onesLike, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { phase } from './trace.js';

// tfjs-core's own backward keeps every intermediate gradient to the end; this one walks the same tape and frees as it
// goes, which takes a third of the memory. It reads the engine's tape, whose fields tfjs-core does not type as public.

interface TapeNode {
  kernelName: string;
  inputs: Record<string, Tensor>;
  outputs: Tensor[];
  saved?: Tensor[];
  gradient?: (dys: Tensor[]) => Record<string, () => Tensor>;
}

interface EngineInside {
  startTape(): void;
  endTape(): void;
  state: { activeTape: TapeNode[] | null; gradientDepth: number; kernelDepth: number };
}

/** The engine's state, through which what is recorded can be seen and changed. */
export function engineInside(): EngineInside {
  return engine() as unknown as EngineInside;
}

export interface Gradients<T> {
  /** What the function returned; the caller disposes it. */
  readonly value: T;
  /** One for each of `xs`, the caller's to dispose; null where the value does not depend on it. */
  readonly gradients: (Tensor | null)[];
}

/** An operation on the way to the value has no gradient. */
export class NoGradient extends Error {
  constructor(readonly operation: string) {
    super(`The operation ${operation} on the way to the loss has no gradient.`);
  }
}

/**
 * Gradients of f's value with respect to xs, times dy (ones when left out). Re-entrant: f may call it again, so that a
 * layer can be computed anew inside the backward pass.
 */
export function gradients<T extends Tensor>(f: () => T, xs: readonly Tensor[], dy?: Tensor): Gradients<T> {
  const inside = engineInside();
  const { value, tape } = phase('forward', () => record(inside, f));
  try {
    return { value, gradients: phase('backward', () => backward(inside, tape, value, xs, dy)) };
  } catch (error) {
    value.dispose();
    throw error;
  }
}

/** Runs f with a fresh tape, putting the engine's state back as it was. */
function record<T extends Tensor>(inside: EngineInside, f: () => T): { value: T; tape: TapeNode[] } {
  const { activeTape, gradientDepth, kernelDepth } = inside.state;
  inside.state.gradientDepth = 0;
  inside.state.kernelDepth = 0;
  inside.startTape();
  let value: T | undefined;
  let tape: TapeNode[] = [];
  try {
    value = tidy(f);
    value.kept = true;
  } finally {
    tape = inside.state.activeTape ?? [];
    if (!value) for (const node of tape) for (const saved of node.saved ?? []) saved.dispose();
    inside.endTape();
    Object.assign(inside.state, { activeTape, gradientDepth, kernelDepth });
  }
  return { value, tape };
}

function backward(
  inside: EngineInside,
  tape: TapeNode[],
  value: Tensor,
  xs: readonly Tensor[],
  dy: Tensor | undefined,
): (Tensor | null)[] {
  const wanted = new Map(xs.map((x, i) => [x.id, i]));
  const reached = reachedFrom(tape, wanted);
  const sums = new Map<number, Tensor>();
  const drop = (id: number): void => {
    const sum = sums.get(id);
    if (sum) release(sum);
    sums.delete(id);
  };
  // A clone, so that the caller's dy is not freed with the rest.
  sums.set(value.id, hold(tidy(() => (dy ? dy.clone() : onesLike(value)))));
  // Depth above zero keeps the backward pass itself off any outer tape.
  inside.state.kernelDepth++;
  try {
    for (let node = tape.pop(); node; node = tape.pop()) {
      const dys = node.outputs.map((output) => sums.get(output.id) ?? null);
      if (dys.some(Boolean) && node.outputs.some((output) => reached.has(output.id))) {
        accumulate(node, dys, reached, sums);
      }
      for (const saved of node.saved ?? []) saved.dispose();
      for (const output of node.outputs) if (!wanted.has(output.id)) drop(output.id);
    }
  } catch (error) {
    for (const node of tape) for (const saved of node.saved ?? []) saved.dispose();
    for (const id of [...sums.keys()]) drop(id);
    throw error;
  } finally {
    inside.state.kernelDepth--;
  }
  return xs.map((x) => {
    const sum = sums.get(x.id) ?? null;
    if (sum) sums.delete(x.id);
    return sum;
  });
}

/** Ids of the tensors that depend on one of the wanted ones. */
function reachedFrom(tape: TapeNode[], wanted: ReadonlyMap<number, number>): Set<number> {
  const reached = new Set(wanted.keys());
  for (const node of tape) {
    if (Object.values(node.inputs).some((input) => reached.has(input.id))) {
      // A comparison or an index has no slope: what is made of it is a constant, as in PyTorch.
      for (const output of node.outputs) if (output.dtype === 'float32') reached.add(output.id);
    }
  }
  return reached;
}

/** Adds one node's gradients to the sums of its inputs. */
function accumulate(node: TapeNode, dys: (Tensor | null)[], reached: Set<number>, sums: Map<number, Tensor>): void {
  if (!node.gradient) throw new NoGradient(node.kernelName);
  const gradient = node.gradient;
  tidy(() => {
    const thunks = gradient(dys as Tensor[]);
    for (const [key, input] of Object.entries(node.inputs)) {
      if (!reached.has(input.id) || !thunks[key]) continue;
      const dx = thunks[key]();
      const before = sums.get(input.id);
      sums.set(input.id, hold(before ? add(before, dx) : dx));
      if (before) release(before);
    }
  });
}

function hold(tensor: Tensor): Tensor {
  tensor.kept = true;
  return tensor;
}

function release(tensor: Tensor): void {
  tensor.kept = false;
  tensor.dispose();
}
