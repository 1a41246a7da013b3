import { hash } from 'node:crypto';
import { Endpoint } from '../../endpoint/endpoint.js';
import { Fault } from '../../plan/fault.js';
import type { MiningGuardPlan } from '../../plan/guards.js';
import { type CrossEncoderPlan, type RerankerPlan, readReranker } from '../../plan/reranker.js';
import type { Scale } from '../../retrieval/relevance/pointwise.js';
import { type PointwisePlan, pointwiseScorer, type Scorer } from '../../retrieval/relevance/scorer.js';
import { readText } from '../../retrieval/text-file.js';
import { asked, type Source } from '../pairs.js';
import { openPairScorer } from '../relevance/pair-scorer.js';
import type { Guard } from './guards.js';

export type RelabelPlan = Extract<MiningGuardPlan, { type: 'relabel' }>;

/**
 * Which model judges, and how: a hash of prompt and scale, or of a cross-encoder's weights and settings. Where it runs does
 * not count.
 */
export interface Judge {
  readonly with: string;
  readonly model: string;
  readonly hash: string;
}

interface OpenJudge extends Pick<Judge, 'model' | 'hash'> {
  readonly score: Scorer;
  /** Null where scores have no bounds. */
  readonly scale: Scale | null;
  /** A query as it is judged. */
  readonly queryOf: (instruction: string, query: string) => string;
  dispose(): void;
}

/**
 * Suspect is what a language model or a cross-encoder scores `at_least`. Answers and scores are kept, so nothing is asked
 * twice; an answer without a score says nothing. A cross-encoder needs a running backend.
 *
 * @throws Fault a file that is no pointwise reranker or cross-encoder, a bound that no score can reach or all do
 */
export async function relabelGuard(plan: RelabelPlan, { queries, instructions, documents }: Source): Promise<Guard> {
  const { with: file, at_least: bound } = plan;
  const { model, hash: of, score, scale, queryOf, dispose } = await openJudge(file, readReranker(file));
  if (scale && (bound <= scale[0] || bound > scale[1])) {
    dispose();
    throw new Fault(
      `Expected at_least above ${scale[0]} and up to ${scale[1]}, the scale of ${file}, for a relabel guard, got ${bound}. Change it.`,
    );
  }
  const judge = async (query: number, document: number): Promise<boolean | undefined> => {
    const { score: said } = await score(queryOf(instructions[query]!, queries[query]!), documents[document]!);
    return said === undefined ? undefined : said >= bound;
  };
  // Also while the first asking is under way.
  const judged = new Map<string, Promise<boolean | undefined>>();
  return {
    name: `relabel ${model.split('/').at(-1)} ≥ ${bound}`,
    judge: { with: file, model, hash: of },
    relabels: plan.action === 'positive',
    suspects(query, _positives, document) {
      const key = `${query} ${document}`;
      const begun = judged.get(key) ?? judge(query, document);
      judged.set(key, begun);
      return begun;
    },
    dispose,
  };
}

async function openJudge(file: string, plan: RerankerPlan): Promise<OpenJudge> {
  switch (plan.type) {
    case 'pointwise':
      return languageModel(plan);
    case 'cross-encoder':
      return crossEncoder(plan);
    case 'listwise':
      throw new Fault(
        `Expected type: pointwise or cross-encoder in ${file} for a relabel guard, got listwise. Name another file.`,
      );
  }
}

function languageModel(plan: PointwisePlan): OpenJudge {
  const { endpoint, prompt, scale, score } = plan;
  return {
    model: endpoint.model,
    hash: hash('sha256', JSON.stringify([readText(prompt), scale, score])).slice(0, 16),
    score: pointwiseScorer(plan, new Endpoint(endpoint)),
    scale,
    queryOf: asked,
    dispose: () => {},
  };
}

/** It was trained on bare questions: an instruction is left out. */
async function crossEncoder(plan: CrossEncoderPlan): Promise<OpenJudge> {
  const { score, hash: of, probability, dispose } = await openPairScorer(plan);
  return {
    model: plan.model,
    hash: of.slice(0, 16),
    score,
    scale: probability ? [0, 1] : null,
    queryOf: (_instruction, query) => query,
    dispose,
  };
}
