import { allEnded } from '../../endpoint/all-ended.js';
import { ask } from '../../endpoint/chat.js';
import type { Endpoint } from '../../endpoint/endpoint.js';
import type { ReaderPlan } from '../../plan/reader.js';
import { Prompt } from '../../retrieval/prompt.js';
import { bootstrapInterval, type Interval, type PValue, randomizationTest } from '../../retrieval/significance.js';
import type { Corpus, System } from '../system.js';
import { type Accuracy, accuracy } from './accuracy.js';
import { holdsAnswer, isRight } from './answers.js';
import { type Task, wordingOf } from './tasks.js';

/** What was found for a question. */
export interface Evidence {
  readonly task: Task;
  readonly passages: readonly Passage[];
  /** Whether a passage holds the answer. */
  readonly holds: boolean;
  /** Whether a passage entails the answer, as ./entailment.ts finds; null where no model was asked. */
  readonly entails: boolean | null;
}

interface Passage {
  readonly id: string;
  readonly score: number;
  readonly text: string;
  /** The probability that it entails an answer. */
  readonly entailment?: number;
}

/** What a language model said to a question. */
interface Said {
  readonly text: string;
  /** Null where no answer could be read; counts as wrong. */
  readonly right: boolean | null;
}

export interface Read extends Evidence {
  readonly closed: Said;
  readonly retrieved: Said;
}

/** Closed-book beside retrieved, question by question. */
export interface RagReport {
  readonly closed: Accuracy;
  readonly retrieved: Accuracy;
  readonly unread: { readonly closed: number; readonly retrieved: number };
  readonly difference: number;
  /** 95 %, bootstrap. */
  readonly interval: Interval;
  /** Paired randomisation test. */
  readonly test: PValue;
  /** Accuracy with passages where they hold or entail the answer, and where not; null where there are no such questions. */
  readonly byEvidence: Readonly<Record<'held' | 'notHeld' | 'entailed' | 'notEntailed', Accuracy | null>>;
}

/** Retrieves k documents for each question; a question is asked as it stands, without its choices. */
export async function retrieve(
  system: System,
  corpus: Corpus,
  tasks: readonly Task[],
  k: number,
  onProgress: (done: number, of: number) => void,
): Promise<Evidence[]> {
  const index = await system.index(corpus, onProgress);
  const { rank } = await index.ask(tasks.map(({ id, question }) => ({ id, text: question, excluded: [] })));
  const run = rank(k);
  const texts = new Map(corpus.ids.map((id, place) => [id, corpus.texts[place] as string]));
  return tasks.map((task) => {
    const passages = (run.get(task.id) ?? []).map(({ id, score }) => ({ id, score, text: texts.get(id) as string }));
    return { task, passages, holds: passages.some(({ text }) => holdsAnswer(text, task)), entails: null };
  });
}

/** Lets a language model answer each question from memory, and with its passages. @throws Fault as `Endpoint.post` */
export async function answer(
  plan: ReaderPlan,
  endpoint: Endpoint,
  evidence: readonly Evidence[],
  onProgress: (done: number, of: number) => void,
): Promise<Read[]> {
  const closedBook = new Prompt(plan.prompt.closed, ['question']);
  const withPassages = new Prompt(plan.prompt.retrieved, ['question', 'passages']);
  let done = 0;
  const say = async (text: string, task: Task): Promise<Said> => {
    const said = await ask(endpoint, { text, longest: plan.longest });
    onProgress(++done, 2 * evidence.length);
    return { text: said.text, right: isRight(said.text, task) };
  };
  return allEnded(
    evidence.map(async (one) => {
      const question = wordingOf(one.task);
      const passages = one.passages.map(({ text }, i) => `[${i + 1}] ${text}`).join('\n\n');
      const [closed, retrieved] = await allEnded([
        say(closedBook.fill({ question }), one.task),
        say(withPassages.fill({ question, passages }), one.task),
      ]);
      return { ...one, closed: closed as Said, retrieved: retrieved as Said };
    }),
  );
}

export function reportRag(read: readonly Read[]): RagReport {
  const rights = (of: 'closed' | 'retrieved', some = read) => some.map((one) => one[of].right === true);
  const [closed, retrieved] = [rights('closed'), rights('retrieved')];
  const differences = retrieved.map((right, i) => Number(right) - Number(closed[i]));
  const unread = (of: 'closed' | 'retrieved') => read.filter((one) => one[of].right === null).length;
  const among = (of: 'holds' | 'entails', found: boolean): Accuracy | null => {
    const some = read.filter((one) => one[of] === found);
    return some.length === 0 ? null : accuracy(rights('retrieved', some));
  };
  return {
    closed: accuracy(closed),
    retrieved: accuracy(retrieved),
    unread: { closed: unread('closed'), retrieved: unread('retrieved') },
    difference: differences.reduce((sum, value) => sum + value, 0) / read.length,
    interval: bootstrapInterval(differences),
    test: randomizationTest(differences),
    byEvidence: {
      held: among('holds', true),
      notHeld: among('holds', false),
      entailed: among('entails', true),
      notEntailed: among('entails', false),
    },
  };
}
