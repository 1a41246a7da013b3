import { hash32, hashText } from '../data/permutation.js';
import type { Writer } from '../endpoint/stand-in/reply.js';
import type { Turn, TurnName, Values } from './turns.js';

// Of a made-up text that answers its query, the first word.
const ANSWERS = 'answers';

/**
 * Answers made up on the spot, each of the form and length that is asked for, for an estimate: every question is usable
 * at once, what is written to answer does, and so does the document that a question was made from; nothing else does.
 */
export class MadeUp {
  #asked: { readonly name: TurnName; readonly values: Values } | undefined;
  /** Questions, and the documents that they were made from. */
  readonly #sources = new Map<string, string>();

  /** Says what is asked next: one thing at a time. */
  see({ name }: Turn<unknown>, values: Values): void {
    this.#asked = { name, values };
    // Said also where the question itself was answered before.
    if (name === 'check') this.#sources.set(String(values.question), String(values.document));
  }

  /** Answers what was seen last. */
  readonly writer: Writer = () => JSON.stringify(this.#answer());

  #answer(): object {
    const { name, values } = this.#asked!;
    const { words, number, query, document } = values;
    const key = hashText(JSON.stringify([name, values]));
    const text = (length: number): string =>
      Array.from({ length }, (_, i) => hash32(key, i).toString(36).slice(0, 5)).join(' ');
    switch (name) {
      case 'quality':
        return { grade: 5 };
      case 'question':
        return { question: text(QUESTION) };
      case 'check':
        return { self_contained: true, needs_reasoning: true, answered: true };
      case 'tasks':
        return { tasks: Array.from({ length: Number(number) }, (_, i) => `${i} ${text(TASK)}`) };
      case 'query':
        return { query: text(Number(words)) };
      case 'length': {
        // Of a query or of a document: the turn before, which was answered before, had the one or the other.
        const made = `${ANSWERS} ${text(Number(words) - 1)}`;
        return { query: made, document: made };
      }
      case 'passage':
        return { passage: `${ANSWERS} ${text(Number(words) - 1)}` };
      case 'positive':
        return { document: `${ANSWERS} ${text(Number(words) - 1)}` };
      case 'negative':
        return { document: text(Number(words)) };
      case 'grade': {
        const answers = this.#sources.get(String(query)) === document || String(document).startsWith(`${ANSWERS} `);
        return { grade: answers ? 5 : 1 };
      }
    }
  }
}

// Words of a question and of a kind of task, about what models write.
const QUESTION = 80;
const TASK = 20;
