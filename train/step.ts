import { type Tensor, tidy } from '@tensorflow/tfjs-core';
import type { Batch } from '../data/batch.js';
import { type Encoder, embedPacked } from '../encoder/encoder.js';
import type { Packed } from '../encoder/pack.js';
import type { RunPlan } from '../plan/schema.js';
import { adamw, gradientNorm, type Moments } from '../tensor/adamw.js';
import { phase } from '../tensor/trace.js';
import { batchGradients, type Cut } from './batch-gradients.js';
import { lossOf, type Objective } from './objective.js';

/** What one optimizer step did. */
export interface StepResult {
  readonly loss: number;
  /** Before clipping. */
  readonly gradientNorm: number;
}

/** What training changes, besides the run folder. */
export interface Learner {
  readonly encoder: Encoder;
  readonly moments: Moments;
}

/**
 * One step: loss, gradients, clipping, AdamW. Where the loss or the gradient is not finite nothing is changed; the
 * caller sees it in the result.
 */
export function trainStep(
  learner: Learner,
  objective: Objective,
  batch: Batch,
  plan: RunPlan,
  step: number,
  learningRate: number,
): StepResult {
  const { encoder, moments } = learner;
  const { loss, gradients: made } = lossAndGradients(encoder, objective, batch, {
    microBatchTokens: plan.train.micro_batch_tokens,
    seed: [plan.seed, step],
  });
  const norm = phase('gradient norm', () => gradientNorm(made));
  if (Number.isFinite(loss) && Number.isFinite(norm)) {
    const { clip_norm: limit, optimizer } = plan.train;
    const scale = limit === null ? 1 : Math.min(1, limit / (norm + 1e-6));
    const settings = { step, learningRate, weightDecay: optimizer.weight_decay };
    phase('optimizer', () => adamw(encoder.parameters, made, moments, settings, scale));
  }
  for (const gradient of made) gradient.dispose();
  return { loss, gradientNorm: norm };
}

/** The batch's loss, and its gradient for each of the encoder's parameters (the caller's to dispose). */
export function lossAndGradients(
  encoder: Encoder,
  objective: Objective,
  batch: Batch,
  cut: Cut,
): { loss: number; gradients: Tensor[] } {
  return tidy(() => {
    const what = {
      embed: (packed: Packed, seed: number) => embedPacked(encoder, packed, seed),
      skips: [encoder.skip.query, encoder.skip.document] as const,
      weights: encoder.parameters.map((p) => p.tensor),
      loss: lossOf(objective, batch),
    };
    const { loss, gradients } = batchGradients(what, [batch.queries, batch.documents], cut);
    return { loss, gradients: gradients as Tensor[] };
  });
}
