import { engine, type Tensor } from '@tensorflow/tfjs-core';
import { runningTorch } from './torch/backend.js';

/** Something that took time. Spans nest: a phase holds kernels, a kernel holds operators of libtorch or more kernels. */
export interface Span {
  readonly name: string;
  readonly category: 'phase' | 'kernel' | 'operator';
  /** Milliseconds, by performance.now(). */
  readonly begin: number;
  readonly end: number;
  /** Shape and type of each input of a kernel. */
  readonly inputs?: string;
}

interface Kernels {
  runKernel(name: string, inputs: Readonly<Record<string, Tensor>>, attrs?: object): unknown;
}

let recorded: Span[] | null = null;
let undo: () => void = () => {};

/** Does the work; while a trace is recorded it is a span of that. */
export function phase<T>(name: string, work: () => T): T {
  return recorded ? timed({ name, category: 'phase' }, work) : work();
}

function timed<T>(what: Omit<Span, 'begin' | 'end'>, work: () => T): T {
  const begin = performance.now();
  try {
    return work();
  } finally {
    recorded?.push({ ...what, begin, end: performance.now() });
  }
}

/**
 * Records every kernel that tfjs runs and every operator of libtorch from now on. It puts itself before the engine and
 * the addon, so that without a trace neither costs anything. A GPU works on after a call returns: there a span is the
 * time to give it the work.
 */
export function startTrace(): void {
  stopTrace();
  recorded = [];
  const kernels = engine() as unknown as Kernels;
  const runKernel = kernels.runKernel.bind(kernels);
  kernels.runKernel = (name, inputs, attrs) =>
    timed({ name, category: 'kernel', inputs: inWords(inputs) }, () => runKernel(name, inputs, attrs));
  const addon = runningTorch()?.addon;
  const call = addon?.call;
  if (addon && call) {
    addon.call = (name, ...given) => timed({ name, category: 'operator' }, () => call(name, ...given));
  }
  undo = () => {
    // The engine's own is its prototype's.
    Reflect.deleteProperty(kernels, 'runKernel');
    if (addon && call) addon.call = call;
  };
}

/** Ends the recording and gives what it has, in the order in which the spans ended. */
export function stopTrace(): Span[] {
  undo();
  undo = () => {};
  const spans = recorded ?? [];
  recorded = null;
  return spans;
}

function inWords(inputs: Readonly<Record<string, Tensor>>): string {
  return Object.entries(inputs ?? {})
    .filter(([, tensor]) => tensor?.shape)
    .map(([name, { shape, dtype }]) => `${name} ${dtype}[${shape.join(',')}]`)
    .join(', ');
}
