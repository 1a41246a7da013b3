import { z } from 'zod';

// Guards against false negatives: documents that are taken for wrong answers and are right ones. The same shapes serve
// wherever a plan lists guards.

const positive = z.number().positive();

const threshold = {
  /** Suspect is what scores at least `ratio` times the positive's score, */
  ratio: positive.nullable().default(null),
  /** or more than `margin` above it. */
  margin: z.number().nullable().default(null),
  /** Null: what is suspect is left out. Else it is weighted down, the more the further its score is above the bound. */
  softness: positive.nullable().default(null),
};

/** A text that a query already has as its positive, and the positives of a query of the same text. */
const sameText = z.strictObject({ type: z.literal('same-text') });

/** Scores of the model itself. */
const positiveMargin = z
  .strictObject({ type: z.literal('positive-margin'), ...threshold })
  .refine(({ ratio, margin }) => (ratio === null) !== (margin === null), {
    message: 'expected a ratio or a margin, one of the two. Write ratio: 0.95, for example.',
    path: ['ratio'],
  });

/** Scores of another model, a folder or hub id; above the positive's own score where neither ratio nor margin is given. */
const guide = z
  .strictObject({ type: z.literal('guide'), model: z.string().min(1), ...threshold })
  .refine(({ ratio, margin }) => ratio === null || margin === null, {
    message: 'expected a ratio or a margin, got both. Remove one.',
    path: ['ratio'],
  });

export const guard = z.discriminatedUnion('type', [sameText, positiveMargin, guide]);
export type GuardPlan = z.output<typeof guard>;
