import { createHash } from 'node:crypto';
import { Endpoint } from '../../endpoint/endpoint.js';
import { Fault } from '../../plan/fault.js';
import type { MiningGuardPlan } from '../../plan/guards.js';
import { readReranker } from '../../plan/reranker.js';
import { pointwiseScorer } from '../../retrieval/relevance/scorer.js';
import { readText } from '../../retrieval/text-file.js';
import { asked, type Source } from '../pairs.js';
import type { Guard } from './guards.js';

export type RelabelPlan = Extract<MiningGuardPlan, { type: 'relabel' }>;

/** Which model judges, and how it is asked: a hash of prompt and scale. Where it runs does not count. */
export interface Judge {
  readonly with: string;
  readonly model: string;
  readonly hash: string;
}

/** @throws Fault a file that is no pointwise reranker */
export function judgeOf(plan: RelabelPlan): Judge {
  const { endpoint, prompt, scale, score } = readPointwise(plan);
  const how = JSON.stringify([readText(prompt), scale, score]);
  const hash = createHash('sha256').update(how).digest('hex').slice(0, 16);
  return { with: plan.with, model: endpoint.model, hash };
}

/**
 * Suspect is what a language model scores `at_least`. Answers are kept, so nothing is asked twice; an answer without a
 * score says nothing.
 */
export function relabelGuard(plan: RelabelPlan, { queries, instructions, documents }: Source): Guard {
  const reranker = readPointwise(plan);
  const score = pointwiseScorer(reranker, new Endpoint(reranker.endpoint));
  const judge = async (query: number, document: number): Promise<boolean | undefined> => {
    const { score: said } = await score(asked(instructions[query]!, queries[query]!), documents[document]!);
    return said === undefined ? undefined : said >= plan.at_least;
  };
  // Also while the first asking is under way.
  const judged = new Map<string, Promise<boolean | undefined>>();
  return {
    name: `relabel ${reranker.endpoint.model.split('/').at(-1)} ≥ ${plan.at_least}`,
    relabels: plan.action === 'positive',
    suspects(query, _positives, document) {
      const key = `${query} ${document}`;
      const begun = judged.get(key) ?? judge(query, document);
      judged.set(key, begun);
      return begun;
    },
  };
}

function readPointwise({ with: file, at_least: bound }: RelabelPlan) {
  const plan = readReranker(file);
  if (plan.type !== 'pointwise') {
    throw new Fault(`Expected type: pointwise in ${file} for a relabel guard, got ${plan.type}. Name another file.`);
  }
  const [low, high] = plan.scale;
  if (bound <= low || bound > high) {
    throw new Fault(
      `Expected at_least above ${low} and up to ${high}, the scale of ${file}, for a relabel guard, got ${bound}. Change it.`,
    );
  }
  return plan;
}
