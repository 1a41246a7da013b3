import {
  engine,
  type KernelFunc,
  type NamedAttrMap,
  type NamedTensorMap,
  registerGradient,
  registerKernel,
  type Tensor,
  tidy,
} from '@tensorflow/tfjs-core';
import type { Handle } from './torch/addon.js';
import type { Aten } from './torch/aten.js';
import { torchKernel } from './torch/backend.js';

/** Values by input: one for each of K, and for each of O that was given. */
type Inputs<T, K extends string, O extends string> = Readonly<Record<K, T> & Partial<Record<O, T>>>;

/**
 * One coarse operation: how plain tfjs does it, how libtorch does it, and its gradient in both. Its inputs are K, and
 * O that may be left out.
 */
export interface Operation<K extends string, A extends object, O extends string = never> {
  readonly name: string;
  /** The results, made of plain tfjs calls: what a backend runs that has no kernel of its own. The first is the value. */
  compose(x: Inputs<Tensor, K, O>, attrs: A): Tensor[];
  /** The same results by libtorch; left out where the composition is as fast. */
  torch?(aten: Aten, x: Inputs<Handle, K, O>, attrs: A): Handle[];
  readonly gradient: {
    /** Inputs that have a gradient, in the order in which the functions below return them; optional ones last. */
    readonly of: readonly (K | O)[];
    /** Inputs and results that the gradient reads; all else is freed after the forward pass. */
    readonly inputs: readonly K[];
    readonly outputs: boolean;
    compose(dy: Tensor, x: Readonly<Record<K, Tensor>>, y: readonly Tensor[], attrs: A): Tensor[];
    torch?(aten: Aten, dy: Handle, x: Readonly<Record<K, Handle>>, y: readonly Handle[], attrs: A): Handle[];
  };
  /** How many at most; 1 when left out. */
  readonly results?: number;
  /**
   * Given where what `torch` calls is the CPU's alone, an operator or types of its arguments: what CUDA runs in its place.
   * It returns null for inputs that it does not serve; those, and all where this is null, run the composition.
   */
  readonly cuda?: {
    forward(aten: Aten, x: Inputs<Handle, K, O>, attrs: A): Handle[] | null;
    gradient(aten: Aten, dy: Handle, x: Readonly<Record<K, Handle>>, y: readonly Handle[], attrs: A): Handle[] | null;
  } | null;
}

interface Defined {
  register(backend: string, device: string): void;
}

const defined: Defined[] = [];

/**
 * Makes an operation callable: returns a function of (inputs, attributes) whose value is the first result. Forward and
 * backward are each one kernel, so that they are one entry on the tape whatever runs them.
 */
export function defineOperation<K extends string, A extends object, O extends string = never>(
  operation: Operation<K, A, O>,
): (x: Inputs<Tensor, K, O>, attrs: A) => Tensor {
  const { name, gradient } = operation;
  const results = operation.results ?? 1;
  registerGradient({
    kernelName: name,
    inputsToSave: [...gradient.inputs],
    outputsToSave: Array.from({ length: results }, () => gradient.outputs),
    gradFunc: (dys, saved, attrs) => {
      const dy = Array.isArray(dys) ? (dys[0] as Tensor) : dys;
      const inputs: NamedTensorMap = { dy };
      const kept = saved as Tensor[];
      gradient.inputs.forEach((key, i) => {
        inputs[`x:${key}`] = kept[i] as Tensor;
      });
      for (let i = gradient.inputs.length; i < kept.length; i++) inputs[`y:${i}`] = kept[i] as Tensor;
      const made = run(`${name}Grad`, inputs, attrs);
      return Object.fromEntries(gradient.of.map((key, i) => [key, () => made[i] as Tensor]));
    },
  });
  defined.push({ register: (backend, device) => register(operation, backend, device) });
  return (x, attrs) => {
    const given = Object.entries<Tensor | undefined>(x).filter(
      (entry): entry is [string, Tensor] => entry[1] !== undefined,
    );
    return run(name, Object.fromEntries(given), attrs as unknown as NamedAttrMap)[0] as Tensor;
  };
}

function run(kernel: string, inputs: NamedTensorMap, attrs: NamedAttrMap): Tensor[] {
  const made = engine().runKernel(kernel, inputs, attrs) as Tensor | Tensor[];
  return Array.isArray(made) ? made : [made];
}

/** Undoes the naming of `gradFunc` above: dy, the saved inputs by name, the saved results in order. */
function unpack<T, K extends string>(given: Readonly<Record<string, T>>): { dy: T; x: Record<K, T>; y: T[] } {
  const x = {} as Record<K, T>;
  const y: T[] = [];
  for (const [key, value] of Object.entries(given)) {
    if (key.startsWith('x:')) x[key.slice(2) as K] = value;
    else if (key.startsWith('y:')) y.push(value);
  }
  return { dy: given.dy as T, x, y };
}

function register<K extends string, A extends object, O extends string>(
  operation: Operation<K, A, O>,
  backend: string,
  device: string,
): void {
  const { name, gradient } = operation;
  const { forward, gradient: backward } = nativeKernels(operation, backend, device);
  const composed = composedKernel((inputs, attrs) => operation.compose(inputs as Inputs<Tensor, K, O>, attrs as A));
  const composedGradient = composedKernel((inputs, attrs) => {
    const { dy, x, y } = unpack<Tensor, K>(inputs);
    return gradient.compose(dy, x, y, attrs as A);
  });
  const add = (kernelName: string, kernelFunc: KernelFunc): void =>
    registerKernel({ kernelName, backendName: backend, kernelFunc });
  const native =
    forward &&
    torchKernel<A, string>(({ aten, inputs, attrs }) => forward(aten, inputs as Inputs<Handle, K, O>, attrs), composed);
  const nativeGradient =
    backward &&
    torchKernel<A, string>(({ aten, inputs, attrs }) => {
      const { dy, x, y } = unpack<Handle, K>(inputs);
      return backward(aten, dy, x, y, attrs);
    }, composedGradient);
  add(name, native ?? composed);
  add(`${name}Grad`, nativeGradient ?? composedGradient);
}

/** What runs an operation by libtorch on a device; nothing where its composition is run. */
function nativeKernels<K extends string, A extends object, O extends string>(
  { torch, cuda, gradient }: Operation<K, A, O>,
  backend: string,
  device: string,
): Partial<NonNullable<Operation<K, A, O>['cuda']>> {
  if (backend !== 'torch') return {};
  if (device !== 'cpu' && cuda !== undefined) return cuda ?? {};
  return { ...(torch && { forward: torch }), ...(gradient.torch && { gradient: gradient.torch }) };
}

function composedKernel(made: (inputs: Record<string, Tensor>, attrs: object) => Tensor[]): KernelFunc {
  return ({ inputs, attrs }) => tidy(() => made(inputs as Record<string, Tensor>, attrs as object));
}

/** Makes every operation run on a backend: its own kernels where it has them, compositions elsewhere. */
export function registerOperations(backend: string, device: string): void {
  for (const operation of defined) operation.register(backend, device);
}
