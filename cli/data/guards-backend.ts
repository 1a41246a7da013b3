import type { MiningGuardPlan } from '../../plan/guards.js';
import { readReranker } from '../../plan/reranker.js';

/** Whether a guard has a model of its own read texts on this machine, and so needs a backend. */
export function readsHere(guard: MiningGuardPlan): boolean {
  if (guard.type === 'relabel') return readReranker(guard.with).type === 'cross-encoder';
  return guard.type === 'guide';
}
