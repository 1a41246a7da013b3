import type { Inspection } from '../data/inspect/inspect.js';
import type { Cell, Column } from '../report/table.js';

/** A table's columns and rows, whether it goes to a terminal or into a page. */
export interface Tabulated {
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Cell[])[];
}

/** Columns of text and of whole numbers. */
export const whole = (headings: readonly string[]): Column[] => headings.map((heading) => ({ heading, digits: 0 }));

/** How many texts there are, how long they are, and how many stand there again. */
export function textCounts(
  found: Pick<Inspection, 'queries' | 'documents' | 'repeatedQueries' | 'repeatedDocuments'>,
): Tabulated {
  const sides = [
    ['queries', found.queries, found.repeatedQueries],
    ['documents', found.documents, found.repeatedDocuments],
  ] as const;
  return {
    columns: whole(['', 'texts', 'words: mean', 'median', 'longest', 'repeats', 'near repeats']),
    rows: sides.map(([what, { count, mean, median, largest }, { exact, near }]) => [
      what,
      count,
      mean,
      median,
      largest,
      exact,
      near,
    ]),
  };
}

/** How much of the eval sets stands in the data. @param heading of the sets' column */
export function leakCounts(leaks: Inspection['leaks'], heading: string): Tabulated {
  return {
    columns: whole([heading, 'queries', 'same', 'nearly', 'relevant documents', 'same', 'nearly']),
    rows: leaks.map(({ set, queries, leakedQueries, documents, leakedDocuments }) => [
      set,
      queries,
      leakedQueries.exact,
      leakedQueries.near,
      documents,
      leakedDocuments.exact,
      leakedDocuments.near,
    ]),
  };
}
