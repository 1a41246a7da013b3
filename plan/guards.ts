import { z } from 'zod';

// Guards against false negatives: documents that are taken for wrong answers and are right ones. The same shapes serve
// in the loss and when mining; mining has three more, which need a whole ranking, the time to ask, or the answers.

const positive = z.number().positive();

/** Null: what is suspect is left out. Else it is weighted down, the more the further its score is above the bound. */
const softness = positive.nullable().default(null);

const threshold = {
  /** Suspect is what scores at least `ratio` times the positive's score, */
  ratio: positive.nullable().default(null),
  /** or more than `margin` above it. */
  margin: z.number().nullable().default(null),
  softness,
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

/** Scores of the model itself, whatever the positive's is: suspect is what scores `above` or more. */
const scoreMask = z.strictObject({ type: z.literal('score-mask'), above: z.number(), softness });

/** The first so many of the whole ranking, positives and excluded documents left out. */
const topRank = z.strictObject({ type: z.literal('top-rank'), skip: z.int().positive() });

/** A reranker or a language model, as `rerank --with` takes it: suspect is what it scores `at_least`. */
const relabel = z.strictObject({
  type: z.literal('relabel'),
  /** A pointwise reranker's YAML file. */
  with: z.string().min(1),
  at_least: z.number(),
  /** What is suspect is left out, or becomes a positive of its query. */
  action: z.enum(['drop', 'positive']).default('drop'),
});

/**
 * A judge that knows the answers: suspect is what a collection with complete judgements calls an answer, but for a share of
 * errors. It bounds what any relabelling can do, and says how good a judge has to be.
 */
const truth = z.strictObject({
  type: z.literal('truth'),
  /** The collection's folder. */
  collection: z.string().min(1),
  split: z.string().min(1).default('truth'),
  /** The share of judgements that are the wrong way round. */
  wrong: z.number().min(0).max(1).default(0),
  action: z.enum(['drop', 'positive']).default('drop'),
});

/** In the loss. */
export const guard = z.discriminatedUnion('type', [sameText, positiveMargin, scoreMask, guide]);
/** When mining. */
export const miningGuard = z.discriminatedUnion('type', [...guard.options, topRank, relabel, truth]);
export type GuardPlan = z.output<typeof guard>;
export type MiningGuardPlan = z.output<typeof miningGuard>;
