import type { Source } from '../pairs.js';
import type { Guard } from './guards.js';

/** What one guard says of a source's negatives. */
interface Verdict {
  readonly guard: string;
  /** Negatives that it would leave out. */
  readonly dropped: number;
  /** Negatives of which it could not say. */
  readonly unjudged: number;
  /** Where truth is known: how many of those are right answers, and how many of the right answers those are. */
  readonly precision: number | null;
  readonly recall: number | null;
  /** One that no other guard would leave out, where there is one. */
  readonly example: { readonly query: string; readonly positive: string; readonly negative: string } | null;
}

/** What guards say, each by itself and against each other. */
export interface Verdicts {
  /** Each guard, then `any of them` and `all of them` where there are several. */
  readonly verdicts: readonly Verdict[];
  /** Of the negatives that either of two guards would leave out, the share that both would. */
  readonly agreement: readonly { readonly guards: readonly [string, string]; readonly share: number }[];
}

/** A negative of a pair, as places, and what each guard says of it. */
export interface Judged {
  readonly query: number;
  readonly positive: number;
  readonly negative: number;
  /** Whether it is a right answer in truth; null where that is not known. */
  readonly right: boolean | null;
  readonly said: readonly (boolean | undefined)[];
  /** `said`, where not to know is not to suspect. */
  readonly suspect: readonly boolean[];
}

/** @param rightAnswers how many of the negatives are right answers; null where truth is not known */
export function verdictsOf(
  guards: readonly Guard[],
  { queries, documents }: Source,
  judged: readonly Judged[],
  rightAnswers: number | null,
): Verdicts {
  const verdict = (guard: string, says: (suspect: readonly boolean[]) => boolean, unjudged = 0): Verdict => {
    const dropped = judged.filter(({ suspect }) => says(suspect));
    const right = dropped.filter((one) => one.right).length;
    const first = dropped.find(({ suspect }) => suspect.filter(Boolean).length === 1) ?? dropped[0];
    return {
      guard,
      dropped: dropped.length,
      unjudged,
      precision: rightAnswers !== null && dropped.length > 0 ? right / dropped.length : null,
      recall: rightAnswers ? right / rightAnswers : null,
      example: first
        ? { query: queries[first.query]!, positive: documents[first.positive]!, negative: documents[first.negative]! }
        : null,
    };
  };
  const several = guards.length > 1;
  return {
    verdicts: [
      ...guards.map(({ name }, g) => {
        const unjudged = judged.filter(({ said }) => said[g] === undefined).length;
        return verdict(name, (suspect) => suspect[g]!, unjudged);
      }),
      ...(several
        ? [verdict('any of them', (s) => s.includes(true)), verdict('all of them', (s) => !s.includes(false))]
        : []),
    ],
    agreement: guards.flatMap((a, i) =>
      guards.slice(i + 1).flatMap((b, j) => {
        const either = judged.filter(({ suspect }) => suspect[i] || suspect[i + 1 + j]);
        const both = either.filter(({ suspect }) => suspect[i] && suspect[i + 1 + j]);
        return either.length === 0 ? [] : [{ guards: [a.name, b.name] as const, share: both.length / either.length }];
      }),
    ),
  };
}
