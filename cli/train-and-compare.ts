import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { evaluateModels } from '../eval/evaluate.js';
import type { Result } from '../eval/result.js';
import type { RunPlan } from '../plan/schema.js';
import { writeLossCurve } from '../report/loss-curve.js';
import { type Trained, train } from '../train/train.js';
import { progress, say } from './progress.js';
import { trainingLine } from './training-line.js';

/** What a training came to, beside BM25 and the model that it began with; no results where it was stopped. */
export interface Compared {
  readonly trained: Trained;
  readonly results: readonly Result[] | null;
  readonly curve: { readonly png: string; readonly svg: string } | null;
}

/** Trains a plan into a run folder, going on where one was stopped, evaluates it beside BM25 and its base, and draws its loss. */
export async function trainAndCompare(plan: RunPlan, folder: string, stopped: () => boolean): Promise<Compared> {
  const resume = existsSync(join(folder, 'plan.yaml'));
  const { hook, onScore } = trainingLine();
  const trained = await train(plan, { folder, resume, stopped, hooks: [hook], onScore, say });
  if (trained.ended === 'stopped') return { trained, results: null, curve: null };
  const results = await evaluateModels({
    models: ['bm25', plan.model.base, folder],
    sets: plan.eval.sets,
    metrics: plan.eval.metrics,
    out: join(folder, 'results'),
    onProgress: progress,
    onNote: say,
  });
  return { trained, results, curve: writeLossCurve(join(folder, 'loss'), [folder]) };
}
