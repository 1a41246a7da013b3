import type { Chance } from './chance.js';
import type { Concept } from './graph.js';
import { passage, statement } from './language.js';

export type QueryKind = 'vl' | 'hq' | 'easy';
export const queryKinds: readonly QueryKind[] = ['vl', 'hq', 'easy'];

/** A query that concept `c` answers. */
export function queryText(graph: readonly Concept[], c: number, kind: QueryKind, chance: Chance): string {
  switch (kind) {
    case 'easy':
      return `what is it with ${chance.some(graph[c]!.names, 3).join(' and ')}`;
    case 'hq':
      return hardQuery(graph, c, 15, chance);
    case 'vl':
      return longQuery(graph[c]!, 300 + chance.below(1700), chance);
  }
}

/** By the concept's signs, or by those of the two that lead to it, in about so many words. */
export function hardQuery(graph: readonly Concept[], c: number, words: number, chance: Chance): string {
  const { signs, from } = graph[c]!;
  const described =
    chance.below(2) === 0 ? chance.some(signs, 4) : from.flatMap((origin) => chance.some(graph[origin]!.signs, 2));
  return `${passage([statement(described, chance)], words, chance)} What does this lead to, and why?`;
}

/** The concept's signs in a story of so many words. */
export function longQuery({ signs }: Concept, words: number, chance: Chance): string {
  const said = [chance.some(signs, 3), chance.some(signs, 3), chance.some(signs, 2)];
  return `${passage(
    said.map((some) => statement(some, chance)),
    words,
    chance,
  )} What is behind all this?`;
}
