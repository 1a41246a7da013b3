import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tensor } from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { readJson } from '../encoder/json.js';
import { readSafetensors, writeSafetensors } from '../encoder/safetensors.js';
import { saveEncoder } from '../encoder/save.js';
import { hostTensors } from '../encoder/weights.js';
import { Fault, reasonOf } from '../plan/fault.js';
import { bestCheckpoint, checkpointsIn, lastCheckpoint, stepFolder } from '../plan/run-layout.js';
import type { Moments } from '../tensor/adamw.js';
import { type Parameter, replace } from '../tensor/parameter.js';
import type { Learner } from './step.js';

/**
 * Where training stands: what a checkpoint holds besides weights and moments. The sampler needs the step alone; `total`,
 * the whole run's steps, says to others whether it is done.
 */
const stateSchema = z.object({
  step: z.int().nonnegative(),
  total: z.int().positive().optional(),
  plan_hash: z.string(),
});
export type TrainerState = z.output<typeof stateSchema>;

/**
 * Saves model and trainer under a temporary name, gives it its own when whole, and only then removes checkpoints beyond
 * the newest `keep` and the best. Throws a Fault, leaving what was there, when the disk does not take it.
 */
export function saveCheckpoint(
  runFolder: string,
  learner: Learner,
  state: TrainerState,
  card: string,
  keep: number,
): string {
  const folder = join(runFolder, stepFolder(state.step));
  if (existsSync(folder)) return folder;
  const unfinished = join(runFolder, `.${stepFolder(state.step)}-unfinished`);
  try {
    rmSync(unfinished, { recursive: true, force: true });
    mkdirSync(join(unfinished, 'trainer'), { recursive: true });
    saveEncoder(learner.encoder, unfinished, card);
    writeSafetensors(join(unfinished, 'trainer', 'optimizer.safetensors'), hostTensors(named(learner.moments)));
    writeFileSync(join(unfinished, 'trainer', 'state.json'), `${JSON.stringify(state)}\n`);
    renameSync(unfinished, folder);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    const last = lastCheckpoint(runFolder);
    throw new Fault(
      `Expected to save ${folder}, got: ${reasonOf(error)}. Free some space and go on with --resume` +
        (last ? ` from ${last}.` : '; no checkpoint was written before.'),
    );
  }
  const best = bestCheckpoint(runFolder);
  for (const old of checkpointsIn(runFolder).slice(0, -keep)) if (old !== best) rmSync(old, { recursive: true });
  return folder;
}

/** Reads a checkpoint's trainer: the optimizer's moments into `moments`, and where it stood. */
export function loadTrainer(checkpoint: string, moments: Moments): TrainerState {
  const parsed = stateSchema.safeParse(readJson(join(checkpoint, 'trainer', 'state.json')));
  if (!parsed.success)
    throw new Fault(`Expected a trainer's state in ${checkpoint}/trainer/state.json. Resume from another checkpoint.`);
  const file = join(checkpoint, 'trainer', 'optimizer.safetensors');
  const stored = readSafetensors(file);
  for (const [side, list] of Object.entries(moments) as ['first' | 'second', Parameter[]][]) {
    for (const target of list) {
      const host = stored.get(`${side}.${target.name}`);
      if (host?.shape.join() !== target.tensor.shape.join()) {
        throw new Fault(`Expected the moments of ${target.name} in ${file}. Resume from another checkpoint.`);
      }
      replace(target, tensor(host.values, [...host.shape], 'float32'));
    }
  }
  return parsed.data;
}

function named({ first, second }: Moments): Parameter[] {
  const prefixed = (side: string, list: readonly Parameter[]): Parameter[] =>
    list.map(({ name, tensor }) => ({ name: `${side}.${name}`, tensor }));
  return [...prefixed('first', first), ...prefixed('second', second)];
}
