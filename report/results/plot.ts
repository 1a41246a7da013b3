import { Fault } from '../../plan/fault.js';
import type { Picture } from '../charts/chart.js';
import { type Row, writeRows } from '../charts/rows.js';
import { signed } from '../signed.js';
import { shown } from '../table.js';
import { type Mark, type ResultsRow, type ResultsTable, titleOfRow } from './results-table.js';

/** Which of a table's sets and measures to draw; the first where not given. */
export interface Choice {
  readonly set: string | undefined;
  readonly measure: string | undefined;
}

/** Draws variants and systems by one measure on one set: the mean over seeds, one deviation each way, single seeds. */
export function writeAblation(prefix: string, table: ResultsTable, choice: Choice): Picture {
  const { sets, measure } = chosen(table, choice);
  const [set = ''] = sets;
  const here = table.rows.filter((row) => row.kind !== 'run' && titleOfRow(row) === set && row.marks[measure]);
  const variants = here.filter(({ kind }) => kind === 'variant');
  const drawn = variants.length > 0 ? variants : here;
  const references = here.filter((row) => !drawn.includes(row));
  const seeds = Math.max(...drawn.map((row) => row.seeds));
  const spread =
    seeds > 1
      ? `Mean ± standard deviation over ${seeds} seeds; small points are single seeds.`
      : variants.length > 0
        ? 'One seed each, so no deviation.'
        : '';
  return writeRows(prefix, {
    title: table.name,
    subtitle: `${set}, ${here[0]?.queries} queries. ${spread}`.trim(),
    measure,
    rows: drawn.map((row): Row => {
      const { mean, sd, seeds: values } = row.marks[measure] as Mark;
      return {
        name: row.name,
        value: mean,
        interval: sd === null ? null : [mean - sd, mean + sd],
        small: values.length > 1 ? values : [],
        text: shown({ mean, std: sd ?? Number.NaN, n: values.length }),
      };
    }),
    references: references.map(({ name, marks }) => {
      const { mean } = marks[measure] as Mark;
      return { name, value: mean, text: shown(mean) };
    }),
  });
}

/** Draws differences to the baseline by one measure, with their intervals, on all sets or one. @throws Fault without a baseline */
export function writeForest(prefix: string, table: ResultsTable, choice: Choice): Picture {
  const { sets, measure } = chosen(table, choice);
  const tested = (set: string): ResultsRow[] =>
    table.rows.filter((row) => row.kind !== 'run' && titleOfRow(row) === set && row.marks[measure]?.versus);
  const withRows = sets.filter((set) => tested(set).length > 0);
  if (withRows.length === 0) {
    throw new Fault(
      'Expected two systems with results on one set to draw differences, got one. Name another, or a --baseline.',
    );
  }
  const rows = withRows.flatMap((set): Row[] => [
    ...(withRows.length > 1 ? [{ name: set, value: null, text: '' }] : []),
    ...tested(set).map((row): Row => {
      const mark = row.marks[measure] as Mark;
      const { difference, interval, holm } = mark.versus as NonNullable<Mark['versus']>;
      const [low, high] = interval.map((end) => signed(end));
      return {
        name: row.name,
        value: difference,
        hollow: holm >= 0.05,
        interval,
        text: `${signed(difference)} (${low} to ${high})   ${holm < 0.0001 ? 'p < 0.0001' : `p ${holm.toFixed(4)}`}`,
      };
    }),
  ]);
  const [only] = withRows;
  const where = withRows.length === 1 ? `${only}, ${tested(only as string)[0]?.queries} queries. ` : '';
  return writeRows(prefix, {
    title: `${table.name}: difference to ${table.baseline}`,
    subtitle:
      `${where}95 % bootstrap interval over queries, of each query’s mean over the seeds. Filled: p < 0.05 by the paired ` +
      `randomisation test with Holm’s correction for ${table.comparisons} comparison${table.comparisons === 1 ? '' : 's'}.`,
    measure: `Difference in ${measure}`,
    rows,
    references: [{ name: table.baseline ?? '', value: 0 }],
  });
}

function chosen({ rows, measures }: ResultsTable, { set, measure }: Choice): { sets: string[]; measure: string } {
  const titles = [...new Set(rows.map(titleOfRow))];
  const sets = set === undefined ? titles : titles.filter((title) => title === set || title.split(', ')[0] === set);
  if (sets.length === 0) {
    throw new Fault(`Expected a set with results for --set, got ${set}. Choose one of: ${titles.join('; ')}.`);
  }
  if (measure !== undefined && !measures.includes(measure)) {
    throw new Fault(
      `Expected a measure of the results for --measure, got ${measure}. Choose one of: ${measures.join(', ')}.`,
    );
  }
  return { sets, measure: measure ?? (measures[0] as string) };
}
