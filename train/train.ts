import { makeBatches } from '../data/batch.js';
import { readSource } from '../data/source.js';
import { disposeEncoder, loadEncoder } from '../encoder/encoder.js';
import { fetchModel } from '../encoder/fetch/fetch-model.js';
import { durationSteps } from '../plan/duration.js';
import { Fault } from '../plan/fault.js';
import { planHash } from '../plan/hash.js';
import { lastCheckpoint } from '../plan/run-layout.js';
import type { RunPlan } from '../plan/schema.js';
import { zeroMoments } from '../tensor/adamw.js';
import { useBackend } from '../tensor/backend.js';
import { loadTrainer } from './checkpoint.js';
import { checkpointHook, eventHook } from './hooks.js';
import { type Hook, loop } from './loop.js';
import { modelCard } from './model-card.js';
import { provenance } from './provenance.js';
import { checkpointToResume, openRunFolder } from './run-folder.js';

export interface TrainOptions {
  readonly folder: string;
  readonly resume: boolean;
  readonly stopped: () => boolean;
  /** Further work after each step: progress on a terminal, for example. */
  readonly hooks: readonly Hook[];
  readonly say: (line: string) => void;
}

export interface Trained {
  readonly folder: string;
  readonly checkpoint: string;
  readonly step: number;
  readonly total: number;
}

/** Trains what a plan says, into a run folder. Throws a Fault for anything in plan, data or model that cannot be used. */
export async function train(plan: RunPlan, options: TrainOptions): Promise<Trained> {
  const resumeFrom = checkpointToResume(options.folder, plan, options.resume);
  const sources = plan.data.sources.map((source) => readSource(source, plan.data.negatives));
  const base = await fetchModel(plan.model.base);
  const backend = await useBackend(plan.backend);
  const { base: _base, ...settings } = plan.model;
  const encoder = loadEncoder(resumeFrom ?? base, settings);
  const moments = zeroMoments(encoder.parameters);
  const learner = { encoder, moments };
  const from = resumeFrom ? loadTrainer(resumeFrom, moments).step : 0;
  const batches = makeBatches(sources, plan, encoder);
  // Only now is anything written: whatever was wrong with the input has been said.
  const run = openRunFolder(options.folder, plan, resumeFrom, { ...provenance(), backend: backend.description });
  try {
    const size = { batchSize: plan.train.batch_size, examplesPerEpoch: batches.epoch };
    const total = durationSteps(plan.train.duration, size);
    options.say(
      `${plan.name}: ${total} steps of ${plan.train.batch_size} queries on ${backend.description}, into ${run.path}`,
    );
    if (from > 0) options.say(`going on after step ${from} from ${resumeFrom}`);
    const save = checkpointHook({
      run: run.path,
      learner,
      planHash: planHash(plan),
      card: modelCard(plan),
      every: durationSteps(plan.train.checkpoint.every, size),
      keep: plan.train.checkpoint.keep,
    });
    const step = await loop(learner, { plan, batches, from, total, stopped: options.stopped }, [
      eventHook(run),
      save,
      ...options.hooks,
    ]).catch((error: unknown) => {
      const last = lastCheckpoint(run.path);
      if (error instanceof Fault && last && !error.message.includes(last)) {
        throw new Fault(`${error.message} The last good checkpoint is ${last}.`);
      }
      throw error;
    });
    const checkpoint = lastCheckpoint(run.path) ?? '';
    disposeEncoder(encoder);
    for (const moment of [...moments.first, ...moments.second]) moment.tensor.dispose();
    return { folder: run.path, checkpoint, step, total };
  } finally {
    run.release();
  }
}
