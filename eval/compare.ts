import { Fault } from '../plan/fault.js';
import {
  bootstrapInterval,
  effectSize,
  holm,
  type Interval,
  mean,
  type PValue,
  randomizationTest,
} from '../retrieval/significance.js';
import { type Result, titleOf } from './result.js';

/** One query's value under the baseline and under the system. */
interface Change {
  readonly query: string;
  readonly before: number;
  readonly after: number;
}

/** One system against the baseline, on one set by one measure. */
export interface Comparison extends PValue {
  readonly set: string;
  readonly measure: string;
  readonly system: string;
  readonly baseline: string;
  /** Queries that both have. */
  readonly queries: number;
  readonly means: { readonly system: number; readonly baseline: number };
  readonly difference: number;
  /** 95 %, of the difference. */
  readonly interval: Interval;
  /** {@link effectSize}. */
  readonly effect: number;
  readonly wins: number;
  readonly ties: number;
  readonly losses: number;
  /** p after Holm's correction over all comparisons made at once. */
  readonly holm: number;
  /** Every query whose value changed, the largest change first. */
  readonly changes: readonly Change[];
}

/**
 * Compares systems with a baseline, query by query, on every set and measure that they have.
 *
 * @param baseline a system's name; the first result's if not given
 * @throws Fault when a set has no baseline or nothing to compare with it, or two share no query or measure.
 */
export function compareResults(results: readonly Result[], baseline = results[0]?.system ?? ''): Comparison[] {
  const pairs = [...new Set(results.map(titleOf))].flatMap((set) => {
    const here = results.filter((result) => titleOf(result) === set);
    const base = here.find(({ system }) => system === baseline);
    const others = here.filter((result) => result !== base);
    const names = here.map(({ system }) => system).join(', ');
    if (!base) {
      throw new Fault(`Expected ${baseline} on ${set} as the baseline, got only ${names}. Choose one with --baseline.`);
    }
    if (others.length === 0) {
      throw new Fault(`Expected two systems on ${set}, got only ${names}. Name another's results or run.`);
    }
    return Object.keys(base.perQuery).flatMap((measure) =>
      others.map((other) => compareOne(set, measure, base, other)),
    );
  });
  const corrected = holm(pairs.map(({ p }) => p));
  return pairs.map((pair, i) => ({ ...pair, holm: corrected[i] as number }));
}

function compareOne(set: string, measure: string, base: Result, other: Result): Omit<Comparison, 'holm'> {
  const [before, after] = [base.perQuery[measure] ?? {}, other.perQuery[measure] ?? {}];
  const both: Change[] = Object.keys(before)
    .filter((query) => Object.hasOwn(after, query))
    .map((query) => ({ query, before: before[query] as number, after: after[query] as number }));
  if (both.length === 0) {
    throw new Fault(
      `Expected ${measure} for the same queries of ${set}, got none that ${base.system} and ${other.system} share. Score both alike.`,
    );
  }
  const differences = both.map(difference);
  const count = (is: (difference: number) => boolean): number => differences.filter(is).length;
  return {
    set,
    measure,
    system: other.system,
    baseline: base.system,
    queries: both.length,
    means: { system: mean(both.map((one) => one.after)), baseline: mean(both.map((one) => one.before)) },
    difference: mean(differences),
    interval: bootstrapInterval(differences),
    effect: effectSize(differences),
    wins: count((d) => d > 0),
    ties: count((d) => d === 0),
    losses: count((d) => d < 0),
    ...randomizationTest(differences),
    changes: both
      .filter((one) => one.after !== one.before)
      .sort((a, b) => Math.abs(difference(b)) - Math.abs(difference(a))),
  };
}

function difference({ before, after }: Change): number {
  return after - before;
}
