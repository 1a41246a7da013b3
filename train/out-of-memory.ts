import { Fault, reasonOf } from '../plan/fault.js';
import type { RunPlan } from '../plan/schema.js';
import { isOutOfMemory } from '../tensor/torch/addon.js';

/**
 * What to tell when a step failed: for a device whose memory ran out a Fault that names what to lower, most effective
 * first, after saving what was trained before it; any other error as it is.
 */
export function explainFailure(error: unknown, plan: RunPlan, save: () => string | null): unknown {
  if (!isOutOfMemory(error)) return error;
  const { micro_batch_tokens: tokens, batch_size: queries } = plan.train;
  const { query, document } = plan.model.max_length;
  const saved = save();
  return new Fault(
    `Expected a step to fit into the device's memory, got: ${firstSentence(reasonOf(error))} ` +
      `Lower train.micro_batch_tokens (now ${tokens}) ` +
      (saved ? `and go on with --resume from ${saved}` : 'and start again') +
      `; if that is not enough, model.max_length (${query} and ${document}) or train.batch_size (${queries}).`,
  );
}

// libtorch goes on with advice about its own environment variables.
function firstSentence(message: string): string {
  return /^.*?\.(?=\s|$)/s.exec(message)?.[0] ?? `${message}.`;
}
