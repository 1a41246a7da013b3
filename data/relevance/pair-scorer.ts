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

interface Waiting {
  readonly first: string;
  readonly second: string;
  readonly resolve: (scored: { readonly score: number }) => void;
  readonly reject: (reason: unknown) => void;
}

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
  const waiting: Waiting[] = [];
  const effort = { pairs: 0, seconds: 0, cached: 0 };
  let weights: Parameter[] | null = null;
  let reading = false;

  const timed = <T>(work: () => T): T => {
    const began = performance.now();
    const made = work();
    effort.seconds += (performance.now() - began) / 1000;
    return made;
  };

  const readBatch = (pairs: readonly Waiting[], tokens: readonly PairTokens[]): void => {
    weights ??= loadCrossEncoderWeights(crossEncoder);
    const loaded = weights;
    const logits = timed(() => logitsOf(crossEncoder, loaded, tokens));
    const labels = settings.labels.length;
    const scores = pairs.map((_, i) => toScore(logits.subarray(i * labels, (i + 1) * labels)));
    const odd = scores.find((score) => !Number.isFinite(score));
    if (odd !== undefined) {
      throw new Fault(`Expected finite scores of ${plan.model}, got ${odd}. Check its weights.`);
    }
    pairs.forEach(({ first, second }, i) => {
      kept.keep(first, second, scores[i]!);
    });
    // On disk before they count as scored.
    kept.save();
    effort.pairs += pairs.length;
    pairs.forEach(({ resolve }, i) => {
      resolve({ score: scores[i]! });
    });
  };

  /** Scores all that waits, and what comes meanwhile. */
  const read = async (): Promise<void> => {
    let block: Waiting[] = [];
    try {
      while (waiting.length > 0) {
        block = waiting.splice(0, BLOCK).filter(({ first, second, resolve }) => {
          const score = kept.find(first, second);
          if (score !== undefined) resolve({ score });
          return score === undefined;
        });
        const tokens = timed(() => block.map(({ first, second }) => pairTokens(crossEncoder, first, second)));
        const at = <T>(all: readonly T[], places: readonly number[]): T[] => places.map((place) => all[place] as T);
        for (const places of batchesByLength(tokens.map(({ ids }) => ids))) {
          readBatch(at(block, places), at(tokens, places));
          // Lets signals and progress in between two batches.
          await new Promise((next) => setImmediate(next));
        }
      }
    } catch (error) {
      for (const { reject } of [...block, ...waiting.splice(0)]) reject(error);
    } finally {
      reading = false;
    }
  };

  return {
    name: basename(plan.model),
    hash: of,
    probability: isProbability(settings),
    score: (first, second) => {
      const score = kept.find(first, second);
      if (score !== undefined) {
        effort.cached++;
        return Promise.resolve({ score });
      }
      return new Promise((resolve, reject) => {
        waiting.push({ first, second, resolve, reject });
        if (reading) return;
        reading = true;
        setImmediate(() => void read());
      });
    },
    effort,
    dispose: () => {
      for (const { tensor } of weights ?? []) tensor.dispose();
      weights = null;
    },
  };
}
