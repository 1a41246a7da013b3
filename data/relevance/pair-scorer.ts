import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import {
  loadCrossEncoderWeights,
  logitsOf,
  pairTokens,
  readCrossEncoder,
} from '../../encoder/cross-encoder/cross-encoder.js';
import type { PairTokens } from '../../encoder/cross-encoder/pair-template.js';
import { isProbability, scoreOf } from '../../encoder/cross-encoder/score.js';
import { fetchModel } from '../../encoder/fetch/fetch-model.js';
import { batchesByLength } from '../../encoder/pack.js';
import { weightsHash } from '../../encoder/weights-hash.js';
import { Fault } from '../../plan/fault.js';
import type { CrossEncoderPlan } from '../../plan/reranker.js';
import type { Parameter } from '../../tensor/parameter.js';
import { gathered } from './gathered.js';
import { KeptScores } from './kept-scores.js';

/** What a cross-encoder did on this machine. */
export interface PairEffort {
  /** Pairs that it read, and in how many seconds. */
  readonly pairs: number;
  readonly seconds: number;
  /** Pairs whose scores were kept from before. */
  readonly cached: number;
}

/** A cross-encoder that scores pairs of texts: the higher, the more relevant the second is to the first. */
export interface PairScorer {
  readonly name: string;
  /** Of all that a score depends on besides the texts: weights, config, tokenizer, label, length. */
  readonly hash: string;
  /** Whether scores lie from 0 to 1. */
  readonly probability: boolean;
  /** Pairs that are asked for at the same time are read together. */
  score(first: string, second: string): Promise<{ readonly score: number }>;
  readonly effort: PairEffort;
  dispose(): void;
}

// Pairs that are sorted by length together.
const BLOCK = 256;

type Pair = readonly [first: string, second: string];

/**
 * Opens a cross-encoder; its weights are loaded when the first pair is not among those whose scores are kept. That needs a
 * running backend.
 *
 * @throws Fault as `fetchModel`, `readCrossEncoder` and `scoreOf`
 */
export async function openPairScorer(plan: Omit<CrossEncoderPlan, 'type' | 'depth'>): Promise<PairScorer> {
  const folder = await fetchModel(plan.model);
  const crossEncoder = readCrossEncoder(folder, plan.max_length);
  const { settings, tokenizer, maxLength } = crossEncoder;
  const toScore = scoreOf(settings, plan.label, plan.model);
  const config = readFileSync(join(folder, 'config.json'), 'utf8');
  const parts = ['pairs-1', await weightsHash(folder), config, tokenizer.hash, settings, plan.label, maxLength];
  const of = hash('sha256', JSON.stringify(parts)).slice(0, 32);
  const kept = new KeptScores(of);
  const effort = { pairs: 0, seconds: 0, cached: 0 };
  let weights: Parameter[] | null = null;

  const timed = <T>(work: () => T): T => {
    const began = performance.now();
    const made = work();
    effort.seconds += (performance.now() - began) / 1000;
    return made;
  };

  const scoresOf = (tokens: readonly PairTokens[]): number[] => {
    weights ??= loadCrossEncoderWeights(crossEncoder);
    const loaded = weights;
    const logits = timed(() => logitsOf(crossEncoder, loaded, tokens));
    const labels = settings.labels.length;
    const scores = tokens.map((_, i) => toScore(logits.subarray(i * labels, (i + 1) * labels)));
    const odd = scores.find((score) => !Number.isFinite(score));
    if (odd === undefined) return scores;
    throw new Fault(`Expected finite scores of ${plan.model}, got ${odd}. Check its weights.`);
  };

  const read = gathered<Pair, number>(BLOCK, async (pairs, answer) => {
    const tokens = timed(() => pairs.map(([first, second]) => pairTokens(crossEncoder, first, second)));
    for (const places of batchesByLength(tokens.map(({ ids }) => ids))) {
      const scores = scoresOf(places.map((place) => tokens[place] as PairTokens));
      places.forEach((place, i) => {
        kept.keep(...(pairs[place] as Pair), scores[i]!);
      });
      // On disk before they count as scored: that is what a stop does not lose.
      kept.save();
      effort.pairs += places.length;
      places.forEach((place, i) => {
        answer(place, scores[i]!);
      });
      // Lets signals and progress in between two batches.
      await new Promise((next) => setImmediate(next));
    }
  });

  return {
    name: basename(plan.model),
    hash: of,
    probability: isProbability(settings),
    score: async (first, second) => {
      const known = kept.find(first, second);
      if (known !== undefined) effort.cached++;
      return { score: known ?? (await read([first, second])) };
    },
    effort,
    dispose: () => {
      for (const { tensor } of weights ?? []) tensor.dispose();
      weights = null;
    },
  };
}
