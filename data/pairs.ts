/** A query, a document that answers it, and documents that do not: places in a source's texts. */
export interface Pair {
  readonly query: number;
  readonly positive: number;
  readonly negatives: readonly number[];
  /** A teacher's scores, where the source carries them. */
  readonly scores?: { readonly positive: number; readonly negatives: readonly number[] };
}

/** One source of a mixture, read: its texts and the pairs among them. */
export interface Source {
  readonly name: string;
  readonly weight: number;
  readonly queries: readonly string[];
  readonly documents: readonly string[];
  /** What a log calls a pair: its query's and its positive's ids, or its line. */
  readonly labelOf: (pair: number) => string;
  readonly pairs: readonly Pair[];
}

/** A source with what mining needs: its documents' ids, and for each query the ids that cannot be its negatives. */
export interface MinableSource extends Source {
  readonly ids: readonly string[];
  readonly barred: readonly (readonly string[])[];
}
