import { readCollection } from '../data/beir.js';
import { NearTexts, normalized } from '../data/inspect/near-texts.js';
import type { SynthesisPlan } from '../plan/synthesis.js';

/** Keeps out queries that repeat another, or a query of an eval set: the same up to case and punctuation, or nearly. */
export class Screen {
  readonly #known = new Texts();
  readonly #asked: readonly { readonly name: string; readonly texts: Texts }[];

  /** @throws Fault as {@link readCollection} */
  constructor(sets: SynthesisPlan['eval_sets']) {
    this.#asked = sets.map(({ path, split }) => {
      const texts = new Texts();
      for (const { text } of readCollection(path, split).queries) texts.add(text);
      return { name: `${path}, ${split}`, texts };
    });
  }

  /** Why a query stays out; null where it comes in, and counts as known from then on. */
  objects(query: string): string | null {
    const leak = this.#asked.find(({ texts }) => texts.has(query));
    if (leak) return `stands in ${leak.name}`;
    if (this.#known.has(query)) return 'repeats another query';
    this.#known.add(query);
    return null;
  }
}

class Texts {
  readonly #exact = new Set<string>();
  readonly #near = new NearTexts();

  add(text: string): void {
    this.#exact.add(normalized(text));
    this.#near.add(text);
  }

  has(text: string): boolean {
    return this.#exact.has(normalized(text)) || this.#near.near(text).length > 0;
  }
}
