import {
  add,
  concat,
  div,
  exp,
  logSumExp,
  matMul,
  mul,
  type Scalar,
  slice,
  sub,
  sum,
  type Tensor,
  type Tensor2D,
  tidy,
} from '@tensorflow/tfjs-core';
import type { Contest } from './contest.js';
import { debiased } from './debiased.js';
import { type Guard, type Rows, same } from './guards.js';

export interface ContestLoss {
  readonly temperature: number;
  readonly guards: readonly Guard[];
  /** The assumed share of right answers among the negatives, null for none. */
  readonly debias: number | null;
}

/** A contest's loss and its gradients. */
interface Settled {
  readonly value: Scalar;
  readonly anchors: Tensor2D;
  readonly candidates: Tensor2D;
}

/** Scores / temperature of some anchors [rows, candidates], with what the guards say, and which are the positives'. */
export interface Logits {
  /** Log-weights included. */
  readonly logits: Tensor2D;
  /** Null where no guard says anything. */
  readonly logWeights: Tensor2D | null;
  /** 1 at each anchor's own positive, else 0. */
  readonly own: Tensor2D;
  /** The positives' [rows, 1]. */
  readonly positive: Tensor2D;
}

/** The losses of some anchors [rows, 1], and their slopes along the logits [rows, candidates]. */
export interface Judged {
  readonly losses: Tensor;
  readonly slopes: Tensor2D;
}

// Scores held at once; a few matrices of this size live together. Of 2^18 to 2^25, measured for 4,096 queries and 8,192
// documents: fewer take as much memory and more time, 2^22 twice the memory and a tenth less time.
const scoresAtOnce = 2 ** 20;

/**
 * The mean over anchors of −log softmax of their positive's score, with its gradients: some anchors at a time against
 * all candidates, each chunk's scores freed before the next are made.
 */
export function contestLoss(contest: Contest, how: ContestLoss): Settled {
  const [anchors, candidates] = [contest.anchors.shape[0], contest.candidates.shape[0]];
  const rows = Math.max(1, Math.floor(scoresAtOnce / candidates));
  let [value, onCandidates]: (Tensor | null)[] = [null, null];
  const onAnchors: Tensor2D[] = [];
  for (let first = 0; first < anchors; first += rows) {
    const made = tidy(() => ({ ...chunk(contest, first, Math.min(rows, anchors - first), how) }));
    value = plus(value ?? null, made.value);
    onCandidates = plus(onCandidates ?? null, made.candidates);
    onAnchors.push(made.anchors);
  }
  const slope = 1 / (how.temperature * anchors);
  return {
    value: div(value as Tensor, anchors) as Scalar,
    anchors: mul(concat(onAnchors), slope),
    candidates: mul(onCandidates as Tensor2D, slope),
  };
}

/** Adds to a sum, freeing both. */
function plus(sum: Tensor | null, more: Tensor): Tensor {
  if (!sum) return more;
  const made = add(sum, more);
  sum.dispose();
  more.dispose();
  return made;
}

/** The loss of some anchors, summed, and its gradients before the division by temperature · anchors. */
function chunk(contest: Contest, first: number, count: number, how: ContestLoss): Settled {
  const { candidates } = contest;
  const ofRows = (x: Tensor2D): Tensor2D => slice(x, [first, 0], [count, -1]);
  const mine = ofRows(contest.anchors);
  const positive: Tensor2D = sum(mul(mine, ofRows(candidates)), 1, true);
  const similarities = matMul(mine, candidates, false, true) as Tensor2D;
  const scored = logitsOf(contest, { first, similarities, positive }, how);
  const { losses, slopes } = how.debias === null ? softmaxLoss(scored) : debiased(scored, how.debias, how.temperature);
  return { value: sum(losses), anchors: matMul(slopes, candidates), candidates: matMul(slopes, mine, true, false) };
}

function logitsOf(contest: Contest, rows: Rows, { guards, temperature }: ContestLoss): Logits {
  const { first, similarities, positive } = rows;
  const [count, candidates] = similarities.shape;
  const own = same(
    Int32Array.from({ length: count }, (_, i) => first + i),
    Int32Array.from({ length: candidates }, (_, i) => i),
  );
  const scores: Tensor2D = div(similarities, temperature);
  const scaled = { own, positive: div(positive, temperature) as Tensor2D };
  if (guards.length === 0) return { ...scaled, logits: scores, logWeights: null };
  const said = guards.map((guard) => guard(contest, rows)).reduce((a, b) => add(a, b));
  const logWeights: Tensor2D = mul(said, sub(1, own));
  return { ...scaled, logits: add(scores, logWeights), logWeights };
}

function softmaxLoss({ logits, own, positive }: Logits): Judged {
  const logSum = logSumExp(logits, 1, true);
  return { losses: sub(logSum, positive), slopes: sub(exp(sub(logits, logSum)), own) };
}
