import { createHash } from 'node:crypto';
import type { RunPlan } from './schema.js';

/**
 * The name of what was run: 12 hex digits of SHA-256 over the plan's canonical JSON. A plan's `name` and `eval` are
 * left out, for they do not change the weights (`eval` counts with `train.evaluate`, which decides by its
 * measures, but for `eval.search`), and `train.micro_batch_tokens`, which changes them by rounding alone: a run whose
 * memory ran out can go on with less. Same hash, same training.
 */
export function planHash(plan: RunPlan): string {
  const { name: _name, eval: evaluated, ...trained } = plan;
  const { search: _search, ...evaluation } = evaluated;
  const { micro_batch_tokens: _tokens, ...train } = plan.train;
  return createHash('sha256')
    .update(canonical({ ...trained, train, ...(train.evaluate ? { eval: evaluation } : {}) }))
    .digest('hex')
    .slice(0, 12);
}

/** JSON with the keys of every mapping sorted. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
