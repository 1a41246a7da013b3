import type { StepEvent } from '../events.js';

/**
 * The seconds of training up to and with each step. A run that was continued counts its seconds anew from that process's
 * start: they are added to those before.
 */
export function elapsed(steps: readonly StepEvent[]): Float64Array {
  const sums = new Float64Array(steps.length);
  let before = 0;
  steps.forEach(({ seconds }, i) => {
    const last = steps[i - 1]?.seconds ?? 0;
    if (seconds < last) before += last;
    sums[i] = before + seconds;
  });
  return sums;
}

/** The tokens read up to and with each step. */
export function tokensRead(steps: readonly StepEvent[]): Float64Array {
  const sums = new Float64Array(steps.length);
  let sum = 0;
  steps.forEach(({ tokens }, i) => {
    sum += tokens;
    sums[i] = sum;
  });
  return sums;
}
