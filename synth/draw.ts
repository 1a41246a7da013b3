import { UsedUp } from '../endpoint/budget.js';
import { type Finished, isLeftOut, type Outcome } from './record.js';

/**
 * Why no more was drawn: what was wanted is there; there is nothing left to draw from; too many were lost one after
 * another; the budget is used up.
 */
export type Ended = 'complete' | 'exhausted' | 'patience' | 'budget';

/** What came of a kind of record. */
export interface Drawn {
  /** In the order of drawing. */
  readonly outcomes: readonly Outcome<Finished>[];
  readonly ended: Ended;
  /** What the budget's fault says. */
  readonly usedUp: string | null;
}

interface Drawing<T> {
  readonly wanted: number;
  /** Something new to make each of these places' records of; less where there is less, nothing at the end. */
  readonly next: (open: readonly number[]) => Promise<readonly T[]>;
  /** Makes records of them, and says of each what became of it as soon as that is settled. */
  readonly make: (items: readonly T[], settle: (item: number, outcome: Outcome<Finished>) => void) => Promise<void>;
}

/**
 * How many may be lost one after another: as many as are wanted, within these bounds. A model that spoils all is noticed
 * before all documents are paid for; one that spoils nine of ten is not given up (0.9^100 is 3e-5).
 */
const patienceFor = (wanted: number): number => Math.min(100, Math.max(20, wanted));

/**
 * Draws until there are as many records as are wanted: a wave for all, then one for each that was lost, and so on. What is
 * drawn is decided by what came of the waves before and by nothing else, so that a run that goes on draws the same.
 */
export async function draw<T>({ wanted, next, make }: Drawing<T>): Promise<Drawn> {
  const outcomes: Outcome<Finished>[] = [];
  let open = Array.from({ length: wanted }, (_, place) => place);
  let lost = 0;
  const ending = (ended: Ended, usedUp: string | null = null): Drawn => ({ outcomes, ended, usedUp });
  try {
    while (open.length > 0) {
      if (lost >= patienceFor(wanted)) return ending('patience');
      const items = await next(open);
      if (items.length === 0) return ending('exhausted');
      const wave: (Outcome<Finished> | undefined)[] = items.map(() => undefined);
      try {
        await make(items, (item, outcome) => {
          wave[item] = outcome;
        });
      } finally {
        outcomes.push(...wave.filter((outcome) => outcome !== undefined));
      }
      const came = wave.map((outcome) => outcome !== undefined && !isLeftOut(outcome));
      for (const one of came) lost = one ? 0 : lost + 1;
      open = open.filter((_, item) => !came[item]);
    }
    return ending('complete');
  } catch (error) {
    if (error instanceof UsedUp) return ending('budget', error.message);
    throw error;
  }
}
