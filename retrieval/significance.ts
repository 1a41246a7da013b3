import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** The p-value of a test; exact where every outcome was counted, else from a sample of them. */
export interface PValue {
  readonly p: number;
  readonly exact: boolean;
}

/** Up to so many queries that differ, all 2^n assignments of signs are counted. */
export const exactUpTo = 20;

/**
 * The paired randomisation test, two-sided (Fisher; Smucker, Allan and Carterette 2007): how often a difference of
 * means at least as large would come about if it were chance, query by query, which system had which value. Sampled,
 * the observed assignment counts as one of them, so that p is never 0 (Phipson and Smyth 2010).
 *
 * @param differences for each query, one system's value less the other's
 */
export function randomizationTest(
  differences: readonly number[],
  { permutations = 10_000, seed = 17 }: { readonly permutations?: number; readonly seed?: number } = {},
): PValue {
  const given = differences.filter((difference) => difference !== 0);
  const observed = Math.abs(total(given));
  // Sums of the same numbers in another order differ in their last digits.
  const least = observed - 1e-12 * total(given.map(Math.abs));
  if (given.length <= exactUpTo) {
    const sums = signedSums(given);
    return { p: sums.filter((sum) => Math.abs(sum) >= least).length / sums.length, exact: true };
  }
  const signed = Float64Array.from(given.flatMap((difference) => [difference, -difference]));
  const random = xoroshiro128plus(seed);
  let extreme = 1;
  for (let permutation = 0; permutation < permutations; permutation++) {
    let sum = 0;
    let bits = 0;
    for (let i = 0; i < given.length; i++) {
      if ((i & 31) === 0) bits = random.next();
      sum += signed[2 * i + (bits & 1)]!;
      bits >>>= 1;
    }
    if (Math.abs(sum) >= least) extreme++;
  }
  return { p: extreme / (permutations + 1), exact: false };
}

/** The sums under all 2^n assignments of signs. */
function signedSums(values: readonly number[]): Float64Array {
  let sums = new Float64Array(1);
  for (const value of values) {
    const next = new Float64Array(2 * sums.length);
    for (let i = 0; i < sums.length; i++) {
      next[i] = sums[i]! - value;
      next[sums.length + i] = sums[i]! + value;
    }
    sums = next;
  }
  return sums;
}

/** The lower and the upper end of an interval. */
export type Interval = readonly [number, number];

/**
 * The percentile bootstrap's 95 % interval of a mean over queries (Efron and Tibshirani 1993): queries are drawn with
 * replacement; of the means of 10,000 such draws, the 2.5 % and the 97.5 % quantile.
 */
export function bootstrapInterval(
  values: readonly number[],
  { resamples = 10_000, seed = 17 }: { readonly resamples?: number; readonly seed?: number } = {},
): Interval {
  const drawn = Float64Array.from(values);
  const random = xoroshiro128plus(seed);
  const scale = drawn.length / 2 ** 32;
  const means = new Float64Array(resamples);
  for (let resample = 0; resample < resamples; resample++) {
    let sum = 0;
    for (let i = 0; i < drawn.length; i++) sum += drawn[Math.floor((random.next() >>> 0) * scale)]!;
    means[resample] = sum / drawn.length;
  }
  means.sort();
  return [quantile(means, 0.025), quantile(means, 0.975)];
}

/** Between the two nearest, as numpy takes it; of values in ascending order. */
function quantile(ascending: Float64Array, share: number): number {
  const place = share * (ascending.length - 1);
  const below = Math.floor(place);
  const above = Math.min(below + 1, ascending.length - 1);
  return ascending[below]! + (place - below) * (ascending[above]! - ascending[below]!);
}

/**
 * Holm's (1979) step-down correction of a family of p-values: below 0.05 afterwards, the chance of even one false
 * finding in the whole family is at most 5 %.
 */
export function holm(ps: readonly number[]): number[] {
  const order = [...ps.keys()].sort((a, b) => ps[a]! - ps[b]!);
  const corrected = new Array<number>(ps.length);
  let largest = 0;
  order.forEach((at, i) => {
    largest = Math.max(largest, Math.min(1, ps[at]! * (ps.length - i)));
    corrected[at] = largest;
  });
  return corrected;
}

/** The mean difference in units of the differences' own standard deviation (Cohen's d for pairs); 0 where all are 0. */
export function effectSize(differences: readonly number[]): number {
  const center = mean(differences);
  const squares = total(differences.map((difference) => (difference - center) ** 2));
  const deviation = Math.sqrt(squares / (differences.length - 1));
  return center === 0 ? 0 : center / deviation;
}

export function mean(values: readonly number[]): number {
  return total(values) / values.length;
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
