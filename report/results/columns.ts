import { basename, resolve } from 'node:path';
import type { ResultsRow, ResultsTable } from './results-table.js';

/** A column as programs read it. */
export interface ResultsColumn {
  readonly name: string;
  readonly type: 'text' | 'integer' | 'number';
  readonly of: (row: ResultsRow) => string | number | null;
}

/**
 * The columns of results.csv and results.arrow, one row a run, variant or system and set; what a row has not is empty.
 * For each measure: its mean, `sd` over seeds, `difference` to the baseline with the `low` and `high` end of its 95 %
 * interval, `p`, and p by `Holm`.
 */
export function resultsColumns({ measures, currency }: ResultsTable): ResultsColumn[] {
  const text = (name: string, of: ResultsColumn['of']): ResultsColumn => ({ name, type: 'text', of });
  const integer = (name: string, of: ResultsColumn['of']): ResultsColumn => ({ name, type: 'integer', of });
  const number = (name: string, of: ResultsColumn['of']): ResultsColumn => ({ name, type: 'number', of });
  return [
    text('kind', ({ kind }) => kind),
    text('name', ({ name }) => name),
    integer('seed', ({ seed }) => seed),
    integer('seeds', ({ seeds }) => seeds),
    text('plan', ({ hash }) => hash),
    text('set', ({ set }) => set),
    text('split', ({ split }) => split),
    integer('queries', ({ queries }) => queries),
    integer('documents', ({ documents }) => documents),
    ...measures.flatMap((measure) => [
      number(measure, ({ marks }) => marks[measure]?.mean ?? null),
      number(`${measure} sd`, ({ marks }) => marks[measure]?.sd ?? null),
      number(`${measure} difference`, ({ marks }) => marks[measure]?.versus?.difference ?? null),
      number(`${measure} low`, ({ marks }) => marks[measure]?.versus?.interval[0] ?? null),
      number(`${measure} high`, ({ marks }) => marks[measure]?.versus?.interval[1] ?? null),
      number(`${measure} p`, ({ marks }) => marks[measure]?.versus?.p ?? null),
      number(`${measure} Holm`, ({ marks }) => marks[measure]?.versus?.holm ?? null),
    ]),
    number('tokens', ({ tokens }) => tokens),
    number('seconds', ({ seconds }) => seconds),
    ...(currency === null ? [] : [number(`cost ${currency}`, ({ cost }) => cost)]),
    text('folder', ({ folder }) => folder && basename(resolve(folder))),
    text('settings', ({ settings }) => (Object.keys(settings).length === 0 ? null : JSON.stringify(settings))),
  ];
}
