import { Chance } from './chance.js';
import { inventWord } from './language.js';

/** A concept: the words that documents call it by, those in which people describe it, and what it follows from. */
export interface Concept {
  readonly names: readonly string[];
  readonly signs: readonly string[];
  /** The concepts that together lead to this one; no other concept has the same two. */
  readonly from: readonly [number, number];
}

const NAMES = 6;
const SIGNS = 6;

/** A graph of concepts: no two share a word or a pair of origins. */
export function conceptGraph(size: number, seed: number): Concept[] {
  const used = new Set<string>();
  const pairs = new Set<string>();
  return Array.from({ length: size }, (_, c) => {
    const chance = new Chance(seed, 0x637074, c);
    const fresh = (): string => {
      for (;;) {
        const word = inventWord(chance);
        if (!used.has(word)) {
          used.add(word);
          return word;
        }
      }
    };
    const words = Array.from({ length: NAMES + SIGNS }, fresh);
    for (;;) {
      const [a, b] = [chance.below(size), chance.below(size)];
      const key = `${Math.min(a, b)} ${Math.max(a, b)}`;
      if (a === b || a === c || b === c || pairs.has(key)) continue;
      pairs.add(key);
      return { names: words.slice(0, NAMES), signs: words.slice(NAMES), from: [a, b] };
    }
  });
}
