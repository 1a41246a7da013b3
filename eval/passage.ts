import { analyze } from '../retrieval/analyzer.js';

/** A part of a document, word by word; marked are those that the question has too, whatever their endings. */
export interface Passage {
  readonly words: readonly { readonly text: string; readonly marked: boolean }[];
  /** Whether the document has more before and after it. */
  readonly more: readonly [before: boolean, after: boolean];
}

/**
 * The part of a document, of at most `length` words, that holds most of a question's different terms (as BM25's analyzer
 * reads them); the first of those that hold equally many.
 */
export function passageOf(question: string, text: string, length: number): Passage {
  const asked = new Set(analyze(question));
  const words = text.split(/\s+/).filter((word) => word !== '');
  const terms = words.map((word) => analyze(word).filter((term) => asked.has(term)));
  const held = new Map<string, number>();
  let [start, most] = [0, 0];
  for (const [end, entering] of terms.entries()) {
    for (const term of entering) held.set(term, (held.get(term) ?? 0) + 1);
    for (const term of terms[end - length] ?? []) {
      const left = held.get(term)! - 1;
      if (left > 0) held.set(term, left);
      else held.delete(term);
    }
    if (held.size > most) [start, most] = [Math.max(0, end - length + 1), held.size];
  }
  // A window that was found at its last word shows what follows it, too, where there is room.
  const first = most === 0 ? 0 : contextual(start, terms, length);
  const end = Math.min(first + length, words.length);
  return {
    words: words.slice(first, end).map((word, i) => ({ text: word, marked: terms[first + i]!.length > 0 })),
    more: [first > 0, end < words.length],
  };
}

/** A window's start moved on to a few words before its first marked one: nothing marked leaves it. */
function contextual(start: number, terms: readonly (readonly string[])[], length: number): number {
  const marked = terms.findIndex((found, place) => place >= start && found.length > 0);
  return Math.max(0, Math.min(Math.max(start, marked - 5), terms.length - length));
}
