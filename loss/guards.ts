import {
  abs,
  add,
  cast,
  equal,
  exp,
  greater,
  greaterEqual,
  log,
  matMul,
  minimum,
  mul,
  neg,
  slice,
  sub,
  sum,
  type Tensor,
  type Tensor2D,
  tensor2d,
} from '@tensorflow/tfjs-core';
import type { GuardPlan } from '../plan/guards.js';
import type { Contest } from './contest.js';

// A guard judges which candidates are probably right answers too, and must not be pushed away. Its judgement is a
// log-weight for each score: 0 counts whole, `leftOut` not at all. Guards combine by addition, and carry no gradient.

/** Some anchors of a contest, and the model's similarities. */
export interface Rows {
  readonly first: number;
  /** [rows, candidates] */
  readonly similarities: Tensor2D;
  /** Each anchor's with its own positive [rows, 1]. */
  readonly positive: Tensor2D;
}

/** Log-weights of the candidates [rows, candidates]. An anchor's own positive counts whole, whatever is said of it here. */
export type Guard = (contest: Contest, rows: Rows) => Tensor2D;

// exp of it is 0 in float32, several of them still add up to a finite number, and 0 times it is 0.
const leftOut = -1e30;

/** The guards of a plan, in its order. A guide model's embeddings are the contest's guides, in the same order. */
export function makeGuards(plans: readonly GuardPlan[]): Guard[] {
  const guides = plans.filter(({ type }) => type === 'guide');
  return plans.map((plan) => {
    if (plan.type === 'same-text') return sameText;
    if (plan.type === 'guide') return guideGuard(plan, guides.indexOf(plan));
    if (plan.type === 'score-mask') return (_, { similarities }) => mask(similarities, plan);
    return (_, { similarities, positive }) => above(similarities, positive, plan);
  });
}

/** Judges by the scores of the contest's guide number `place`. */
function guideGuard(plan: Threshold, place: number): Guard {
  return ({ guides }, { first, positive }) => {
    const { anchors, candidates } = guides[place] as Contest['guides'][number];
    const ofRows = (x: Tensor2D): Tensor2D => slice(x, [first, 0], [positive.shape[0], -1]);
    const mine = ofRows(anchors);
    return above(matMul(mine, candidates, false, true), sum(mul(mine, ofRows(candidates)), 1, true), plan);
  };
}

type Threshold = Extract<GuardPlan, { type: 'positive-margin' | 'guide' }>;

/**
 * Leaves out what scores at least `ratio` times the positive's score (NV-Retriever, Moreira et al. 2024), or more than
 * `margin` above it (GISTEmbed, Solatorio 2024; Qwen3-Embedding). With a softness s, a candidate whose score is x above
 * that bound keeps the weight 1 − sigmoid(x / s), its estimated probability of being a true negative.
 */
function above(scores: Tensor2D, positive: Tensor2D, { ratio, margin, softness }: Threshold): Tensor2D {
  const bound = ratio === null ? add(positive, margin ?? 0) : mul(positive, ratio);
  if (softness !== null) return softly(sub(scores, bound), softness);
  const wrong = ratio === null ? greater(scores, bound) : greaterEqual(scores, bound);
  return mul(cast(wrong, 'float32'), leftOut);
}

/** Leaves out what scores at least a fixed bound (sentence-transformers' max_score), whatever the positive's score is. */
function mask(scores: Tensor2D, { above: bound, softness }: Extract<GuardPlan, { type: 'score-mask' }>): Tensor2D {
  if (softness !== null) return softly(sub(scores, bound), softness);
  return mul(cast(greaterEqual(scores, bound), 'float32'), leftOut);
}

/** Log-weights of scores that are `excess` above their bound. */
function softly(excess: Tensor, softness: number): Tensor2D {
  return logSigmoid(mul(excess, -1 / softness)) as Tensor2D;
}

/** Without overflow at either end: min(x, 0) − log(1 + exp(−|x|)). */
function logSigmoid(x: Tensor): Tensor {
  return sub(minimum(x, 0), log(add(exp(neg(abs(x))), 1)));
}

/** Leaves out candidates of the same text as the anchor's positive, and the positives of anchors of the same text. */
const sameText: Guard = ({ texts }, { first, positive }) => {
  const end = first + positive.shape[0];
  const asPositive = same(texts.candidates.subarray(first, end), texts.candidates);
  // A hard negative belongs to no anchor as its positive: no text has the number −1.
  const owners = new Int32Array(texts.candidates.length).fill(-1);
  owners.set(texts.anchors);
  return mul(add(asPositive, same(texts.anchors.subarray(first, end), owners)), leftOut) as Tensor2D;
};

/** 1 where a[row] equals b[column], else 0 [a, b]. */
export function same(a: Int32Array, b: Int32Array): Tensor2D {
  const rows = tensor2d(a, [a.length, 1], 'int32');
  return cast(equal(rows, tensor2d(b, [1, b.length], 'int32')), 'float32') as Tensor2D;
}

/** The guard of a loss without in-batch negatives: leaves out the documents of other queries. */
export const ownDocuments: Guard = ({ anchors, candidates }, { first, positive }) => {
  const [queries, documents] = [anchors.shape[0], candidates.shape[0]];
  const negatives = documents / queries - 1;
  const owners = Int32Array.from({ length: documents }, (_, i) =>
    i < queries ? i : Math.floor((i - queries) / negatives),
  );
  const mine = Int32Array.from({ length: positive.shape[0] }, (_, i) => first + i);
  return mul(sub(1, same(mine, owners)), leftOut);
};
