import { permute } from '../data/permutation.js';
import type { VariedLengthPlan } from '../plan/synthesis.js';

/**
 * The length in words of query `i` of `n`: all n together follow the distribution as nearly as n numbers can, since
 * they are its quantiles in an order that the seed draws.
 */
export function askedLength(ranges: VariedLengthPlan['query_words'], i: number, n: number, seed: number): number {
  const total = ranges.reduce((sum, { share }) => sum + share, 0);
  let rest = ((permute(i, n, seed) + 0.5) / n) * total;
  for (const { words, share } of ranges) {
    if (rest < share) return between(words, rest / share);
    rest -= share;
  }
  return ranges.at(-1)!.words[1];
}

/** A length between two, a share of the way from the first to the second. */
export function between([from, to]: readonly [number, number], share: number): number {
  return Math.round(from + share * (to - from));
}

/** Whether a length is further off than the share that is allowed. */
export function isOff({ asked, got }: { readonly asked: number; readonly got: number }, tolerance: number): boolean {
  return Math.abs(got - asked) > tolerance * asked;
}
