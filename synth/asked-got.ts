import { type Lengths, summaryOf } from '../data/inspect/lengths.js';
import { isOff } from './lengths.js';
import type { Piece } from './record.js';

/** Lengths in words that were asked for, against those that came. */
export interface AskedGot {
  readonly asked: Lengths;
  readonly got: Lengths;
  /** The mean of |got − asked| / asked. */
  readonly meanOff: number;
  /** The share of texts that are off by no more than the tolerance. */
  readonly within: number;
  /** The largest distance between the two distribution functions (Kolmogorov and Smirnov's). */
  readonly distance: number;
}

/** Of all texts whose length was asked for; null where there is none. */
export function askedAgainstGot(pieces: readonly Piece[], tolerance: number): AskedGot | null {
  const pairs = pieces.flatMap(({ origin }) => (origin.from === 'written' && origin.words ? [origin.words] : []));
  if (pairs.length === 0) return null;
  const asked = pairs.map((pair) => pair.asked);
  const got = pairs.map((pair) => pair.got);
  const share = (of: (pair: (typeof pairs)[number]) => number): number =>
    pairs.reduce((sum, pair) => sum + of(pair), 0) / pairs.length;
  return {
    asked: summaryOf(asked),
    got: summaryOf(got),
    meanOff: share((pair) => Math.abs(pair.got - pair.asked) / pair.asked),
    within: share((pair) => Number(!isOff(pair, tolerance))),
    distance: largestDistance(asked, got),
  };
}

/** Kolmogorov and Smirnov's distance of two samples. */
function largestDistance(a: readonly number[], b: readonly number[]): number {
  const [x, y] = [a.toSorted((p, q) => p - q), b.toSorted((p, q) => p - q)];
  let [i, j, largest] = [0, 0, 0];
  while (i < x.length && j < y.length) {
    const at = Math.min(x[i]!, y[j]!);
    while (i < x.length && x[i]! <= at) i++;
    while (j < y.length && y[j]! <= at) j++;
    largest = Math.max(largest, Math.abs(i / x.length - j / y.length));
  }
  return largest;
}
