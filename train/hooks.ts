import { saveCheckpoint } from './checkpoint.js';
import type { Hook } from './loop.js';
import type { RunFolder } from './run-folder.js';
import type { Learner } from './step.js';

/** Appends one line to events.jsonl after each step. */
export function eventHook(run: RunFolder): Hook {
  const began = performance.now();
  return ({ step, loss, gradientNorm, learningRate, tokens, seconds, source }) =>
    run.log({
      step,
      loss,
      grad_norm: gradientNorm,
      lr: learningRate,
      tokens,
      tokens_per_s: Math.round(tokens / seconds),
      seconds: Number(((performance.now() - began) / 1000).toFixed(3)),
      memory_mb: Math.round(process.memoryUsage.rss() / 2 ** 20),
      source,
    });
}

/** Saves a checkpoint every so many steps, and after the last. */
export function checkpointHook(settings: {
  readonly run: string;
  readonly learner: Learner;
  readonly planHash: string;
  readonly card: string;
  readonly every: number;
  readonly keep: number;
}): Hook {
  return ({ step, last }) => {
    if (!last && step % settings.every !== 0) return;
    const state = { step, plan_hash: settings.planHash };
    saveCheckpoint(settings.run, settings.learner, state, settings.card, settings.keep);
  };
}
