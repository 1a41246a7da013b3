import type { Hook } from './loop.js';
import type { RunFolder } from './run-folder.js';

/** Appends one line to events.jsonl after each step. */
export function eventHook(run: RunFolder): Hook {
  const began = performance.now();
  return ({ step, loss, gradientNorm, learningRate, tokens, seconds, memory, source }) =>
    run.log({
      step,
      loss,
      grad_norm: gradientNorm,
      lr: learningRate,
      tokens,
      tokens_per_s: Math.round(tokens / seconds),
      seconds: Number(((performance.now() - began) / 1000).toFixed(3)),
      memory_mb: Math.round(memory / 2 ** 20),
      source,
    });
}

/** Saves a checkpoint every so many steps, and after the last. */
export function checkpointHook(save: (step: number) => string, every: number): Hook {
  return ({ step, last }) => {
    if (last || step % every === 0) save(step);
  };
}
