import { warmupSteps } from '../plan/duration.js';
import type { RunPlan } from '../plan/schema.js';

/**
 * The learning rate of a step (from 1) out of `total`: it rises in a straight line through the warm-up, then stays, or
 * falls to 0 in a straight line or along half a cosine. The first step after the warm-up has the full rate.
 */
export function learningRate(step: number, total: number, { optimizer, schedule }: RunPlan['train']): number {
  const peak = optimizer.learning_rate;
  const warmup = warmupSteps(schedule.warmup, total);
  if (step <= warmup) return (peak * step) / (warmup + 1);
  const passed = (step - warmup - 1) / Math.max(1, total - warmup);
  const shapes = {
    constant: 1,
    linear: 1 - passed,
    cosine: (1 + Math.cos(Math.PI * passed)) / 2,
  } satisfies Record<typeof schedule.type, number>;
  return peak * shapes[schedule.type];
}
