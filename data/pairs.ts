import type { FaultLog } from './fault-log.js';

/** A query, a document that answers it, and documents that do not: places in a source's texts. */
export interface Pair {
  readonly query: number;
  readonly positive: number;
  readonly negatives: readonly number[];
  /** A teacher's scores, where the source carries them. */
  readonly scores?: { readonly positive: number; readonly negatives: readonly number[] };
}

/** One source of a mixture, read: its texts, the pairs among them, and what mining negatives needs. */
export interface Source {
  readonly name: string;
  readonly weight: number;
  /** Without their instructions, and all different together with them. */
  readonly queries: readonly string[];
  /** What stands before each query, '' for nothing. */
  readonly instructions: readonly string[];
  readonly documents: readonly string[];
  /** The documents' ids, all different. */
  readonly ids: readonly string[];
  /** For each query the ids that cannot be its negatives. */
  readonly barred: readonly (readonly string[])[];
  /** What a log calls a pair: its query's and its positive's ids, or its place in a file. */
  readonly labelOf: (pair: number) => string;
  readonly pairs: readonly Pair[];
  /** Tokens, where they differ from the model's. */
  readonly maxLength: { readonly query?: number | undefined; readonly document?: number | undefined };
  /** What was left out. */
  readonly faults: FaultLog;
}

/** A query as the encoder reads it, after the model's own prompt. */
export function asked(instruction: string, text: string): string {
  return instruction === '' ? text : `${instruction}\n${text}`;
}
