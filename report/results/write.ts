import { join } from 'node:path';
import { Float64, Int32, Table, tableToIPC, Utf8, type Vector, vectorFromArray } from 'apache-arrow';
import { writeOutput } from '../output.js';
import { type ResultsColumn, resultsColumns } from './columns.js';
import { resultsMarkdown } from './markdown.js';
import type { ResultsTable } from './results-table.js';

export interface ResultsFiles {
  readonly arrow: string;
  readonly csv: string;
  readonly markdown: string;
}

/** Writes `results.arrow` (Arrow's file format), `results.csv` (RFC 4180) and `results.md` into a folder. */
export function writeResults(folder: string, table: ResultsTable): ResultsFiles {
  const columns = resultsColumns(table);
  const paths = {
    arrow: join(folder, 'results.arrow'),
    csv: join(folder, 'results.csv'),
    markdown: join(folder, 'results.md'),
  };
  writeOutput(paths.arrow, arrowOf(columns, table));
  writeOutput(paths.csv, csvOf(columns, table));
  writeOutput(paths.markdown, resultsMarkdown(table));
  return paths;
}

function arrowOf(columns: readonly ResultsColumn[], { rows }: ResultsTable): Uint8Array {
  const vectors: Record<string, Vector> = {};
  for (const { name, type, of } of columns) {
    const values = rows.map(of);
    const types = { text: new Utf8(), integer: new Int32(), number: new Float64() };
    vectors[name] = vectorFromArray(values, types[type]);
  }
  return tableToIPC(new Table(vectors), 'file');
}

function csvOf(columns: readonly ResultsColumn[], { rows }: ResultsTable): string {
  const field = (value: string | number | null): string => {
    const text = String(value ?? '');
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const lines = [columns.map(({ name }) => name), ...rows.map((row) => columns.map(({ of }) => of(row)))];
  return lines.map((line) => `${line.map(field).join(',')}\r\n`).join('');
}
