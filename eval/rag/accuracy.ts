import type { Interval } from '../../retrieval/significance.js';

/** A share of questions, with its 95 % interval. */
export interface Accuracy {
  readonly right: number;
  readonly of: number;
  readonly share: number;
  readonly interval: Interval;
}

const z = 1.959963984540054;

/** Wilson's score interval (Wilson 1927): within 0 and 1, and not empty at either end. */
export function accuracy(outcomes: readonly boolean[]): Accuracy {
  const n = outcomes.length;
  const right = outcomes.filter(Boolean).length;
  const share = right / n;
  const middle = (share + z ** 2 / (2 * n)) / (1 + z ** 2 / n);
  const half = (z * Math.sqrt((share * (1 - share)) / n + z ** 2 / (4 * n ** 2))) / (1 + z ** 2 / n);
  return { right, of: n, share, interval: [Math.max(0, middle - half), Math.min(1, middle + half)] };
}
