import { join } from 'node:path';
import { type Batches, makeBatches } from '../data/batch.js';
import type { Source } from '../data/pairs.js';
import { readSource } from '../data/source.js';
import { type Encoder, loadEncoder } from '../encoder/encoder.js';
import { fetchModel, isRandom } from '../encoder/fetch/fetch-model.js';
import { adapterFolder } from '../encoder/save.js';
import { durationSteps, type StepSize } from '../plan/duration.js';
import { Fault } from '../plan/fault.js';
import type { RunPlan } from '../plan/schema.js';
import { type RunningBackend, useBackend } from '../tensor/backend.js';
import { makeObjective, type Objective } from './objective.js';

/** Everything that a plan names, read and on the backend: what training and its dry run begin with. */
interface Prepared {
  readonly sources: readonly Source[];
  readonly backend: RunningBackend;
  readonly encoder: Encoder;
  readonly batches: Batches;
  readonly objective: Objective;
  /** What turns the plan's durations into steps. */
  readonly size: StepSize;
  /** Steps of the whole run. */
  readonly total: number;
}

/** Reads a plan's sources and its model (or the checkpoint to go on from). Throws a Fault for what cannot be used. */
export async function prepare(
  plan: RunPlan,
  resumeFrom: string | null,
  say: (line: string) => void = () => {},
): Promise<Prepared> {
  const sources: Source[] = [];
  for (const source of plan.data.sources) {
    const read = await readSource(source, plan.data, say);
    for (const line of read.faults.lines(read.name)) say(line);
    sources.push(read);
  }
  const { base, lora, freeze, ...settings } = plan.model;
  // An adapter is trained on the base as it is: from merged weights it could not be gone on with bit for bit.
  const folder = resumeFrom && !lora ? resumeFrom : await fetchModel(base);
  const adapter = resumeFrom && lora ? join(resumeFrom, adapterFolder) : null;
  const backend = await useBackend(plan.backend, plan.cuda);
  checkPrecision(plan, backend);
  const training = {
    ...{ base, lora, freeze, adapter },
    random: isRandom(base) && folder !== resumeFrom,
    seed: plan.seed,
    recompute: plan.train.gradient_checkpointing,
  };
  const encoder = loadEncoder(folder, settings, training, plan.train.precision);
  const objective = await makeObjective(plan, encoder, sources);
  const batches = await makeBatches(sources, plan, encoder);
  for (const line of batches.crowding()) say(line);
  const size = { batchSize: plan.train.batch_size, examplesPerEpoch: batches.epoch };
  return { sources, backend, encoder, objective, batches, size, total: durationSteps(plan.train.duration, size) };
}

function checkPrecision({ train }: RunPlan, backend: RunningBackend): void {
  if (train.precision === 'float32' || backend.name === 'torch') return;
  throw new Fault(
    `Expected float32 for train.precision on ${backend.description}, got ${train.precision}. Set it to float32, or run "npm run setup" for the torch backend.`,
  );
}
