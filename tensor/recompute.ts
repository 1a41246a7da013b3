import { keep, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { engineInside, gradients } from './autograd.js';

/** Runs f with nothing recorded for a backward pass: what it makes on the way is freed at its end. */
export function unrecorded<T extends Tensor | Tensor[]>(f: () => T): T {
  const { state } = engineInside();
  state.kernelDepth++;
  try {
    return tidy(f);
  } finally {
    state.kernelDepth--;
  }
}

/**
 * f(...inputs), of which the backward pass keeps the inputs alone and computes the rest anew: gradient checkpointing
 * (Chen et al. 2016). f must give the same each time; `weights` are the tensors besides its inputs that its gradient is
 * wanted for.
 */
export function recomputed<T extends Tensor, I extends Tensor[]>(
  f: (...inputs: I) => T,
  inputs: I,
  weights: readonly Tensor[],
): T {
  const { state } = engineInside();
  const recording = state.gradientDepth > 0 && state.kernelDepth === 0;
  const value = unrecorded(() => f(...inputs));
  if (!recording) return value;
  // Clones share the values, and live until the tape frees them.
  const saved = unrecorded(() => inputs.map((x) => keep(x.clone())));
  state.activeTape?.push({
    kernelName: 'Recomputed',
    inputs: Object.fromEntries([...inputs, ...weights].map((x, i) => [i, x])),
    outputs: [value],
    saved,
    gradient: ([dy]) => {
      const { value: again, gradients: made } = gradients(() => f(...(saved as I)), [...saved, ...weights], dy);
      again.dispose();
      return Object.fromEntries(made.flatMap((gradient, i) => (gradient ? [[i, handOver(gradient)]] : [])));
    },
  });
  return value;
}

/** A gradient as one that the running scope frees unless it is taken. */
function handOver(gradient: Tensor): () => Tensor {
  const shared = gradient.clone();
  gradient.dispose();
  return () => shared;
}
