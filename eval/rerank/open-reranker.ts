import { openPairScorer, type PairEffort } from '../../data/relevance/pair-scorer.js';
import type { Spent } from '../../endpoint/budget.js';
import { Endpoint } from '../../endpoint/endpoint.js';
import type { RerankerPlan } from '../../plan/reranker.js';
import { pointwiseScorer } from '../../retrieval/relevance/scorer.js';
import type { Reranker } from './rerank.js';

/** What reranking took: at an endpoint, or on this machine. */
export type Effort =
  | { readonly where: 'endpoint'; readonly spent: Spent }
  | ({ readonly where: 'machine' } & PairEffort);

export interface OpenReranker {
  readonly reranker: Reranker;
  /** So far. */
  effort(): Effort;
  dispose(): void;
}

/** Opens the reranker of a plan. A cross-encoder needs a running backend. @throws Fault a prompt or a model that cannot be used */
export async function openReranker(plan: RerankerPlan): Promise<OpenReranker> {
  const { depth } = plan;
  if (plan.type === 'cross-encoder') {
    const { score, effort, dispose } = await openPairScorer(plan);
    return {
      reranker: { depth, reads: 'documents', score },
      effort: () => ({ where: 'machine', ...effort }),
      dispose,
    };
  }
  const endpoint = new Endpoint(plan.endpoint);
  const reranker: Reranker =
    plan.type === 'pointwise'
      ? { depth, reads: 'documents', score: pointwiseScorer(plan, endpoint) }
      : { depth, reads: 'queries', plan, endpoint };
  return { reranker, effort: () => ({ where: 'endpoint', spent: endpoint.spent }), dispose: () => {} };
}
