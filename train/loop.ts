import type { Batches } from '../data/batch.js';
import { Fault } from '../plan/fault.js';
import type { RunPlan } from '../plan/schema.js';
import { memory } from '../tensor/memory.js';
import type { Objective } from './objective.js';
import { learningRate } from './schedule.js';
import { type Learner, type StepResult, trainStep } from './step.js';

/** One finished step, as hooks see it. */
interface Finished extends StepResult {
  /** From 1 to `total`. */
  readonly step: number;
  readonly total: number;
  readonly learningRate: number;
  readonly tokens: number;
  readonly source: string;
  readonly seconds: number;
  /** Bytes, the most so far: of the device's memory on CUDA, else of the process. */
  readonly memory: number;
  /** No step follows: the course ends here, or the user asked to stop. */
  readonly last: boolean;
  /** Lets no step follow. */
  readonly end: () => void;
}

/** Periodic work: called after every step, it decides for itself when to do something. */
export type Hook = (finished: Finished) => void | Promise<void>;

export interface Course {
  readonly plan: RunPlan;
  readonly objective: Objective;
  readonly batches: Batches;
  /** Steps done before, 0 for a new run. */
  readonly from: number;
  readonly total: number;
  /** The step to stop after, `total` or an earlier one; what a step does never depends on it. */
  readonly until: number;
  /** True once the user has asked to stop: the step in progress is finished, and is the last. */
  readonly stopped: () => boolean;
}

/** Trains to where the course says, or until stopped. Throws a Fault, nothing changed, at a loss that is not finite. */
export async function loop(
  learner: Learner,
  { plan, objective, batches, from, total, until, stopped }: Course,
  hooks: readonly Hook[],
): Promise<number> {
  for (let step = from + 1; step <= until; step++) {
    const began = performance.now();
    const batch = batches.at(step - 1);
    const rate = learningRate(step, total, plan.train);
    const result = trainStep(learner, objective, batch, plan, step, rate);
    if (!Number.isFinite(result.loss) || !Number.isFinite(result.gradientNorm)) {
      throw new Fault(
        `Expected a finite loss at step ${step}, got ${result.loss} (gradient norm ${result.gradientNorm}). ` +
          `Lower train.optimizer.learning_rate or raise loss.temperature; the batch was ${batch.describe()}.`,
      );
    }
    // Lets signals and timers in between two steps.
    await new Promise((next) => setImmediate(next));
    const last = step === until || stopped();
    const seconds = (performance.now() - began) / 1000;
    const { peak } = memory();
    let ended = last;
    for (const hook of hooks) {
      await hook({
        ...result,
        step,
        total,
        learningRate: rate,
        tokens: batch.tokens,
        source: batch.source,
        seconds,
        memory: peak,
        last,
        end: () => {
          ended = true;
        },
      });
    }
    if (ended) return step;
  }
  return from;
}
