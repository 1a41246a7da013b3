import type { Tokens } from '../../endpoint/budget.js';
import type { Progress, Query } from '../system.js';

/** One way in which a set's queries are put. */
export interface Wording {
  readonly queries: readonly Query[];
  /** The rewriting's name; null: as they stand in the set. */
  readonly by: string | null;
  /** What a language model read and wrote for all of them, now or when it was first asked; null where none was asked. */
  readonly tokens: Tokens | null;
}

/** Something that puts queries in other words. */
export interface Rewriting {
  /** In tables and file names. */
  readonly name: string;
  /** @param set its folder, or a preset's name @throws Fault when a query has no other wording */
  rewrite(queries: readonly Query[], set: string, onProgress: Progress): Promise<Wording>;
}

export function originalWording(queries: readonly Query[]): Wording {
  return { queries, by: null, tokens: null };
}
