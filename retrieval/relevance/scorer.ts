import { type Answer, ask } from '../../endpoint/chat.js';
import type { Endpoint } from '../../endpoint/endpoint.js';
import type { RerankerPlan } from '../../plan/reranker.js';
import { Prompt } from '../prompt.js';
import { expectedScore, integerScore } from './pointwise.js';

export type PointwisePlan = Extract<RerankerPlan, { type: 'pointwise' }>;

/** What a language model says of one document: its score, undefined where the answer has none. */
interface Scored {
  readonly score: number | undefined;
  readonly answer: Answer;
}

/** Scores a document for a query, both as text. @throws Fault as {@link ask} */
export type Scorer = (query: string, document: string) => Promise<Scored>;

/** Asks for scores of single documents as a plan says. @throws Fault a prompt that cannot be used */
export function pointwiseScorer({ prompt: file, score, scale }: PointwisePlan, endpoint: Endpoint): Scorer {
  const prompt = new Prompt(file, ['query', 'document']);
  const expected = score === 'expected';
  return async (query, document) => {
    const text = prompt.fill({ query, document });
    const answer = await ask(endpoint, { text, longest: expected ? 1 : 16, alternatives: expected });
    return { score: expected ? expectedScore(answer, scale) : integerScore(answer, scale), answer };
  };
}
