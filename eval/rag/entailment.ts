import type { PairScorer } from '../../data/relevance/pair-scorer.js';
import { allEnded } from '../../endpoint/all-ended.js';
import type { Evidence } from './rag.js';
import type { Task } from './tasks.js';

/** The label of a natural-language-inference model that is asked for. */
export const entailmentLabel = 'entailment';

// More probable than contradiction and neutral together; TRUE (Honovich et al. 2022) takes the same.
const bound = 0.5;

/** A question and an answer as one statement, which a passage entails or not; in the words of Bohnet et al. (2022). */
function statementOf({ question }: Pick<Task, 'question'>, answer: string): string {
  return `The answer to the question '${question}' is '${answer}'`;
}

/**
 * Asks an inference model whether each passage entails one of its question's answers: passages get the highest
 * probability over the answers, and questions whether any passage's is a half or more. A passage too long for the model
 * loses its end.
 *
 * @param scorer by the label {@link entailmentLabel}
 */
export async function judgeEntailment(
  scorer: Pick<PairScorer, 'score'>,
  evidence: readonly Evidence[],
  onProgress: (done: number, of: number) => void,
): Promise<Evidence[]> {
  let done = 0;
  return allEnded(
    evidence.map(async (one) => {
      const statements = one.task.answers.map((answer) => statementOf(one.task, answer));
      const passages = await allEnded(
        one.passages.map(async (passage) => {
          const scores = await allEnded(statements.map((statement) => scorer.score(passage.text, statement)));
          return { ...passage, entailment: Math.max(...scores.map(({ score }) => score)) };
        }),
      );
      onProgress(++done, evidence.length);
      return { ...one, passages, entails: passages.some(({ entailment }) => entailment >= bound) };
    }),
  );
}
