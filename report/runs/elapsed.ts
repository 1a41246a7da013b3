import type { Steps } from '../steps.js';

/**
 * The seconds of training up to and with each step. A run that was continued counts its seconds anew from that process's
 * start: they are added to those before.
 */
export function elapsed(steps: Steps): Float64Array {
  let [before, last] = [0, 0];
  return steps.column('seconds').map((seconds) => {
    if (seconds < last) before += last;
    last = seconds;
    return before + seconds;
  });
}
