import { disposeEncoder } from '../encoder/encoder.js';
import { durationSteps } from '../plan/duration.js';
import { Fault } from '../plan/fault.js';
import { planHash } from '../plan/hash.js';
import { lastCheckpoint } from '../plan/run-layout.js';
import type { RunPlan } from '../plan/schema.js';
import { zeroMoments } from '../tensor/adamw.js';
import { loadTrainer, saveCheckpoint } from './checkpoint.js';
import { evaluating, type Standing } from './evaluating.js';
import { checkpointHook, eventHook } from './hooks.js';
import { type Hook, loop } from './loop.js';
import { modelCard } from './model-card.js';
import { disposeObjective } from './objective.js';
import { explainFailure } from './out-of-memory.js';
import { prepare } from './prepare.js';
import { provenance } from './provenance.js';
import { remining } from './remining.js';
import { checkpointToResume, openRunFolder } from './run-folder.js';
import type { SinkName } from './sinks/sink.js';

export interface TrainOptions {
  readonly folder: string;
  readonly resume: boolean;
  /** A duration after which to stop and save, as if the user had; the plan, and so the schedule, is the whole run's. */
  readonly stopAt?: string | undefined;
  readonly stopped: () => boolean;
  /** Further work after each step: progress on a terminal, for example. */
  readonly hooks: readonly Hook[];
  /** Told after each evaluation of the model in training. */
  readonly onScore?: (standing: Standing) => void;
  readonly say: (line: string) => void;
  /** Tools that the run is also written for. */
  readonly sinks?: readonly SinkName[];
}

export interface Trained {
  readonly folder: string;
  readonly checkpoint: string;
  readonly step: number;
  /** The step that was to be reached, and the whole run's last. */
  readonly until: number;
  readonly total: number;
  /** Why it ended: all steps that were wanted are done; it was asked to stop; its scores no longer rose (train.evaluate.stop_after). */
  readonly ended: 'done' | 'stopped' | 'no better';
}

/** Trains what a plan says, into a run folder. Throws a Fault for anything in plan, data or model that cannot be used. */
export async function train(plan: RunPlan, options: TrainOptions): Promise<Trained> {
  const resumeFrom = checkpointToResume(options.folder, plan, options.resume);
  const { sources, backend, encoder, objective, batches, size, total } = await prepare(plan, resumeFrom, options.say);
  const moments = zeroMoments(encoder.parameters);
  const learner = { encoder, moments };
  const from = resumeFrom ? loadTrainer(resumeFrom, moments).step : 0;
  // Only now is anything written: whatever was wrong with the input has been said.
  const facts = { ...provenance(), backend: backend.description };
  const run = openRunFolder(options.folder, plan, resumeFrom, facts, options.sinks);
  try {
    options.say(
      `${plan.name}: ${total} steps of ${plan.train.batch_size} queries on ${backend.description}, into ${run.path}`,
    );
    if (from > 0) options.say(`going on after step ${from} from ${resumeFrom}`);
    const [hash, card, { keep }] = [planHash(plan), modelCard(plan), plan.train.checkpoint];
    const save = (step: number, last = total): string =>
      saveCheckpoint(run.path, learner, { step, total: last, plan_hash: hash }, card, keep);
    const { mining } = plan.data;
    const given = { plan, sources, batches, encoder, size, folder: run.path, from, say: options.say };
    const mined = mining?.every === undefined ? { batches, hooks: [] } : await remining(given, mining, mining.every);
    const { evaluate } = plan.train;
    const { say, onScore = () => {} } = options;
    const running = { plan, encoder, size, from, total, run, save, say, onScore };
    const scoring = evaluate ? await evaluating(running, evaluate) : { hooks: [], enough: false };
    let done = from;
    const wanted = options.stopAt === undefined ? total : Math.min(total, durationSteps(options.stopAt, size));
    const until = scoring.enough ? from : wanted;
    const course = { plan, objective, batches: mined.batches, from, total, until, stopped: options.stopped };
    const step = await loop(learner, course, [
      ({ step }) => {
        done = step;
      },
      eventHook(run),
      ...scoring.hooks,
      ...mined.hooks,
      checkpointHook(save, durationSteps(plan.train.checkpoint.every, size)),
      ...options.hooks,
    ]).catch((failure: unknown) => {
      const error = explainFailure(failure, plan, () => (done > from ? save(done) : resumeFrom));
      const last = lastCheckpoint(run.path);
      if (error instanceof Fault && last && !error.message.includes(last)) {
        throw new Fault(`${error.message} The last good checkpoint is ${last}.`);
      }
      throw error;
    });
    const checkpoint = lastCheckpoint(run.path) ?? '';
    disposeEncoder(encoder);
    disposeObjective(objective);
    for (const moment of [...moments.first, ...moments.second]) moment.tensor.dispose();
    const ended = step === until && !scoring.enough ? 'done' : options.stopped() ? 'stopped' : 'no better';
    return { folder: run.path, checkpoint, step, until, total, ended };
  } finally {
    run.release();
  }
}
