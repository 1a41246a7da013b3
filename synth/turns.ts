import { z } from 'zod';

/** What a prompt's places are filled with: texts, which are shown as material, and numbers. */
export type Values = Readonly<Record<string, string | number>>;

/** One kind of thing that a language model is asked for: `<prompts>/<name>.txt`, and what its answer is. */
export interface Turn<T> {
  readonly name: TurnName;
  readonly places: readonly string[];
  readonly answer: z.ZodType<T>;
  /** The most tokens that an answer may have. */
  readonly longest: (values: Values) => number;
}

export const turnNames = [
  'quality',
  'question',
  'check',
  'passage',
  'tasks',
  'query',
  'length',
  'positive',
  'negative',
  'grade',
] as const;
export type TurnName = (typeof turnNames)[number];

const text = z.string().trim().min(1);
const graded = z.object({ grade: z.coerce.number().int().min(0).max(5) });

// English has about 1.3 tokens a word, other languages more; JSON and a reasoning model's beginning take some.
const room = (words: number): number => Math.ceil(2.5 * words) + 256;
const wordsOf = ({ words }: Values): number => Number(words);

/** How much can be learnt from a document, 0 to 5. */
export const quality: Turn<{ grade: number }> = {
  name: 'quality',
  places: ['document'],
  answer: graded,
  longest: () => room(0),
};

/** A hard question that a document answers. */
export const question: Turn<{ question: string }> = {
  name: 'question',
  places: ['document'],
  answer: z.object({ question: text }),
  longest: () => room(300),
};

/** The second call on a question. */
export const check: Turn<{ self_contained: boolean; needs_reasoning: boolean; answered: boolean }> = {
  name: 'check',
  places: ['question', 'document'],
  answer: z.object({ self_contained: z.boolean(), needs_reasoning: z.boolean(), answered: z.boolean() }),
  longest: () => room(0),
};

/** A document written anew as a passage that answers a question. */
export const passage: Turn<{ passage: string }> = {
  name: 'passage',
  places: ['question', 'document', 'words'],
  answer: z.object({ passage: text }),
  longest: (values) => room(wordsOf(values)),
};

/** Kinds of task in a domain. */
export const tasks: Turn<{ tasks: string[] }> = {
  name: 'tasks',
  places: ['domain', 'number', 'known'],
  answer: z.object({ tasks: z.array(text).min(1) }),
  longest: ({ number }) => room(50 * Number(number)),
};

/** A long query. */
export const query: Turn<{ query: string }> = {
  name: 'query',
  places: ['domain', 'task', 'words'],
  answer: z.object({ query: text }),
  longest: (values) => room(wordsOf(values)),
};

/** A document that answers a query. */
export const positive: Turn<{ document: string }> = {
  name: 'positive',
  places: ['query', 'words'],
  answer: z.object({ document: text }),
  longest: (values) => room(wordsOf(values)),
};

/** A document that seems to answer a query. */
export const negative: Turn<{ document: string }> = {
  ...positive,
  name: 'negative',
  places: ['query', 'positive', 'words'],
};

/** The same again at another length: what the turn before gave. */
export function length<T>({ answer, longest }: Turn<T>): Turn<T> {
  return { name: 'length', places: ['got', 'words'], answer, longest };
}

/** How much a document helps with a query, 0 to 5. */
export const grade: Turn<{ grade: number }> = {
  name: 'grade',
  places: ['query', 'document'],
  answer: graded,
  longest: () => room(0),
};

/** The places that each turn's file must have. */
export const placesOf: Readonly<Record<TurnName, readonly string[]>> = Object.fromEntries(
  [quality, question, check, passage, tasks, query, length(query), positive, negative, grade].map(
    ({ name, places }) => [name, places],
  ),
) as Record<TurnName, readonly string[]>;
