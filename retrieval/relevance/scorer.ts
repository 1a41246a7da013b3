import { type Answer, ask } from '../../endpoint/chat.js';
import type { Endpoint } from '../../endpoint/endpoint.js';
import type { RerankerPlan } from '../../plan/reranker.js';
import { Prompt } from '../prompt.js';
import { expectedScore, integerScore } from './pointwise.js';

export type PointwisePlan = Extract<RerankerPlan, { type: 'pointwise' }>;

/** One document's score; of an answer that holds none, the answer, and the score that it counts as. */
type Scored =
  | { readonly score: number }
  | { readonly score: undefined; readonly lowest: number; readonly answer: Answer };

/** Scores a document for a query, both as text. @throws Fault as {@link ask} */
export type Scorer = (query: string, document: string) => Promise<Scored>;

/** Asks for scores of single documents as a plan says. @throws Fault a prompt that cannot be used */
export function pointwiseScorer({ prompt: file, score, scale }: PointwisePlan, endpoint: Endpoint): Scorer {
  const prompt = new Prompt(file, ['query', 'document']);
  const expected = score === 'expected';
  return async (query, document) => {
    const text = prompt.fill({ query, document });
    const answer = await ask(endpoint, { text, longest: expected ? 1 : 16, alternatives: expected });
    const found = expected ? expectedScore(answer, scale) : integerScore(answer, scale);
    return found === undefined ? { score: found, lowest: scale[0], answer } : { score: found };
  };
}
