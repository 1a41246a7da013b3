import { costDigits } from '../../plan/prices.js';
import { signed } from '../signed.js';
import { type Cell, type Column, markdownTable, plainTable } from '../table.js';
import { type Mark, type ResultsRow, type ResultsTable, titleOfRow } from './results-table.js';

interface Tabled {
  readonly title: string;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Cell[])[];
}

/** The variants' tables, a set each, for a terminal; with how to read them. */
export function resultsText(table: ResultsTable): string {
  const tables = variantTables(table).map(({ title, columns, rows }) => `${title}\n${plainTable(columns, rows)}`);
  return [...tables, notes(table).join('\n')].join('\n\n');
}

/** The same as a page of Markdown, with every run. */
export function resultsMarkdown(table: ResultsTable): string {
  const section = ({ title, columns, rows }: Tabled): string => `## ${title}\n\n${markdownTable(columns, rows)}`;
  const runs = runTables(table);
  return `${[
    `# ${table.name}`,
    ...variantTables(table).map(section),
    notes(table)
      .map((note) => `- ${note}`)
      .join('\n'),
    ...runs.map(section),
  ].join('\n\n')}\n`;
}

function sets({ rows }: ResultsTable): ResultsRow[][] {
  const titles = [...new Set(rows.map(titleOfRow))];
  return titles.map((title) => rows.filter((row) => titleOfRow(row) === title));
}

function variantTables(table: ResultsTable): Tabled[] {
  return sets(table).map((here) => {
    const rows = here.filter(({ kind }) => kind !== 'run');
    const [{ queries, documents }] = here as [ResultsRow];
    const tested = rows.some(({ marks }) => Object.values(marks).some(({ versus }) => versus));
    const measures = table.measures.filter((measure) => here.some(({ marks }) => marks[measure]));
    const columns: Column[] = [
      { heading: 'system' },
      { heading: 'seeds', digits: 0 },
      ...measures.flatMap((heading): Column[] => [
        { heading, best: 'highest' },
        ...(tested ? [{ heading: 'difference (95 % interval)' }, { heading: 'p, Holm' }] : []),
      ]),
      ...effortColumns(table),
    ];
    const cells = rows.map((row): Cell[] => [
      row.name,
      row.seeds === 0 ? undefined : row.seeds,
      ...measures.flatMap((measure): Cell[] => {
        const mark = row.marks[measure];
        return [spread(mark, row.seeds), ...(tested ? versusCells(mark) : [])];
      }),
      ...effortCells(row, table),
    ]);
    const over = documents === null ? '' : ` over ${documents} documents`;
    return { title: `${titleOfRow(here[0] as ResultsRow)}: ${queries} queries${over}`, columns, rows: cells };
  });
}

function runTables(table: ResultsTable): Tabled[] {
  return sets(table).flatMap((here) => {
    const rows = here.filter(({ kind }) => kind === 'run');
    if (rows.length === 0) return [];
    const columns: Column[] = [
      { heading: 'run' },
      { heading: 'seed', digits: 0 },
      { heading: 'plan' },
      ...table.measures.map((heading) => ({ heading })),
      ...effortColumns(table),
    ];
    const cells = rows.map((row): Cell[] => [
      row.name,
      row.seed ?? undefined,
      row.hash ?? undefined,
      ...table.measures.map((measure) => row.marks[measure]?.mean),
      ...effortCells(row, table),
    ]);
    return [{ title: `Runs on ${titleOfRow(here[0] as ResultsRow)}`, columns, rows: cells }];
  });
}

function spread(mark: Mark | undefined, n: number): Cell {
  return mark && { mean: mark.mean, std: mark.sd ?? Number.NaN, n };
}

function versusCells(mark: Mark | undefined): Cell[] {
  if (!mark?.versus) return [undefined, undefined];
  const { difference, interval, holm } = mark.versus;
  const [low, high] = interval.map((end) => signed(end));
  return [`${signed(difference)} (${low} to ${high})`, holm < 0.0001 ? '< 0.0001' : holm.toFixed(4)];
}

function effortColumns({ currency, rows }: ResultsTable): Column[] {
  if (!rows.some(({ tokens, seconds }) => tokens !== null || seconds !== null)) return [];
  const largest = Math.max(...rows.map(({ cost }) => cost ?? 0));
  const cost = currency === null ? [] : [{ heading: `cost, ${currency}`, digits: costDigits(largest) }];
  return [{ heading: `tokens, ${tokenUnit(rows).word}`, digits: 2 }, { heading: 'minutes', digits: 1 }, ...cost];
}

/** Small trainings read thousands of tokens: in millions they would read none. */
function tokenUnit(rows: readonly ResultsRow[]): { size: number; word: string } {
  const largest = Math.max(...rows.map(({ tokens }) => tokens ?? 0));
  return largest < 1e6 ? { size: 1e3, word: 'thousand' } : { size: 1e6, word: 'million' };
}

function effortCells(row: ResultsRow, table: ResultsTable): Cell[] {
  const { tokens, seconds, cost } = row;
  const { size } = tokenUnit(table.rows);
  const cells = [tokens === null ? undefined : tokens / size, seconds === null ? undefined : seconds / 60];
  const columns = effortColumns(table).length;
  return columns === 0 ? [] : [...cells, cost ?? undefined].slice(0, columns);
}

function notes({ baseline, comparisons, currency, lacking, rows }: ResultsTable): string[] {
  const seeds = Math.max(...rows.map((row) => row.seeds));
  const tested = [
    `difference: to ${baseline}, of each query's mean over the seeds, with its 95 % bootstrap interval over queries.`,
    `p: paired randomisation test over queries, two-sided, by Holm for the ${comparisons} comparisons of these tables.`,
    'difference and p speak of other queries with these seeds, ± of other seeds.',
  ];
  return [
    ...(seeds > 1 ? ['±: sample standard deviation over seeds.'] : []),
    ...(comparisons > 0 ? tested : []),
    ...(rows.some(({ tokens }) => tokens !== null) ? ['tokens and minutes: of one training, in the mean.'] : []),
    ...(currency === null ? [] : ['cost: those minutes at the price of an hour of the machine.']),
    ...lacking.map(({ variant, seed, reason }) => `not in it: ${variant}, seed ${seed}: ${reason}`),
  ];
}
