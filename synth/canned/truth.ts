import type { Concept } from '../../data/concepts/graph.js';

/** Which concepts texts are of, as only the generated benchmark's maker can know. */
export class Truth {
  readonly #words = new Map<string, { readonly concept: number; readonly isName: boolean }>();
  readonly #leadsTo = new Map<string, number>();

  constructor(readonly graph: readonly Concept[]) {
    graph.forEach(({ names, signs, from }, concept) => {
      for (const word of names) this.#words.set(word, { concept, isName: true });
      for (const word of signs) this.#words.set(word, { concept, isName: false });
      this.#leadsTo.set(pairKey(from), concept);
    });
  }

  /** The concept that a document is about: that of most of its names. */
  ofDocument(text: string): number | null {
    return this.#counts(text, true)[0]?.concept ?? null;
  }

  /** The concept that answers a query: by its names, by three of its signs, or by signs of the two that lead to it. */
  ofQuery(text: string): number | null {
    const [named] = this.#counts(text, true);
    if (named) return named.concept;
    const [first, second] = this.#counts(text, false);
    if (!first) return null;
    if (first.words >= 3 || !second) return first.concept;
    return this.#leadsTo.get(pairKey([first.concept, second.concept])) ?? null;
  }

  /** Whether a text uses a concept's signs. */
  hasSigns(text: string, concept: number): boolean {
    return this.#counts(text, false).some((one) => one.concept === concept);
  }

  /** Concepts by how many different of their names, or signs, a text has; most first. */
  #counts(text: string, names: boolean): { concept: number; words: number }[] {
    const counts = new Map<number, number>();
    for (const word of new Set(text.toLowerCase().match(/[a-z]+/g))) {
      const known = this.#words.get(word);
      if (known?.isName === names) counts.set(known.concept, (counts.get(known.concept) ?? 0) + 1);
    }
    return Array.from(counts, ([concept, words]) => ({ concept, words })).sort((a, b) => b.words - a.words);
  }
}

function pairKey([a, b]: readonly [number, number]): string {
  return `${Math.min(a, b)} ${Math.max(a, b)}`;
}
