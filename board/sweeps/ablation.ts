import { readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { parse } from 'csv-parse/sync';
import { reasonOf } from '../../plan/fault.js';
import { sweepRunName, sweepRunOf } from '../../plan/run-layout.js';
import type { SweepRecord } from '../../plan/sweep/record.js';
import { meanStd, shown } from '../../report/table.js';
import { Folder } from '../folder.js';
import type { Root } from '../inside.js';
import type { Ablation, RunRow, Spread, SweptRun } from '../protocol.js';
import { meansIn } from '../runs/results.js';
import { runIn, type Told } from './records.js';

// A table of a sweep; larger files are none of ours.
const LARGEST = 1 << 24;

type Scores = Readonly<Record<string, number>>;

/** A run of the sweep, and its scores where they count: those of a finished run. */
interface Scored {
  readonly run: SweptRun;
  readonly variant: string;
  readonly scores: Scores;
}

/**
 * What a sweep found: results.csv as it stands there, else, and where runs went on since, a table made of the runs' own
 * scores.
 *
 * @param rows the runs that lie in its folder
 * @param told what it says of its runs itself
 */
export function ablationOf(root: Root, id: string, rows: readonly RunRow[], told: Told): Ablation {
  const notes = [...told.notes];
  const scored = told.record === null ? rows.map(byItself) : asTold(id, rows, told.record);
  const baselines = told.record === null ? [] : meansIn(Folder.at(root, id, told.record.baselines));
  notes.push(...baselines.flatMap(({ note }) => note ?? []));
  const measures = [...new Set(scored.flatMap((run) => Object.keys(run.scores)))];
  const spreads = measures.map((measure) => ({ measure, variants: spreadOf(scored, measure) }));
  const fixed = new Map<string, Scores>();
  for (const { system, scores } of baselines) fixed.set(system, { ...fixed.get(system), ...scores });
  const table = csvTable(root, id, told.changed, notes) ?? madeTable(scored, measures, fixed);
  return { id, ...table, spreads, runs: scored.map(({ run }) => run), notes };
}

/** A run of a sweep that left no record of itself: what its folder's name and its files say. */
function byItself(row: RunRow): Scored {
  const name = basename(row.id);
  return { run: swept(name, row), variant: sweepRunOf(name)?.variant ?? name, scores: row.scores };
}

function swept(name: string, { id, state, notes, loss }: RunRow): SweptRun {
  return { name, id, state, reason: notes[0] ?? null, loss };
}

/** The runs in the sweep's order, also those that have not begun, then what lies there of earlier plans. */
function asTold(id: string, rows: readonly RunRow[], { runs }: SweepRecord): Scored[] {
  const there = new Map(rows.map((row) => [row.id, row]));
  const told = runs.map((run): Scored => {
    const row = there.get(runIn(id, run.folder));
    there.delete(runIn(id, run.folder));
    const bare = { id: null, state: run.state, reason: run.reason ?? null, loss: null };
    const name = sweepRunName(run);
    return { run: row ? swept(name, row) : { name, ...bare }, variant: run.variant, scores: run.scores ?? {} };
  });
  return [...told, ...[...there.values()].map((row) => ({ ...byItself(row), scores: {} }))];
}

type Table = Pick<Ablation, 'file' | 'columns' | 'rows'>;

/** results.csv; null where there is none, or it is older than what the sweep last said of its runs. */
function csvTable(root: Root, id: string, since: number, notes: string[]): Table | null {
  const file = root.find(id, 'results.csv');
  const found = file === null ? undefined : statSync(file, { throwIfNoEntry: false });
  if (file === null || !found?.isFile() || found.size > LARGEST) return null;
  if (found.mtimeMs < since) {
    notes.push(
      'results.csv is older than sweep.json: the sweep goes on, or was ended early. It makes the file at its end.',
    );
    return null;
  }
  try {
    const rows: string[][] = parse(readFileSync(file, 'utf8'), {
      bom: true,
      relax_column_count: true,
      skip_empty_lines: true,
    });
    const [columns = [], ...rest] = rows;
    return { file: 'results.csv', columns, rows: rest };
  } catch (error) {
    notes.push(`results.csv cannot be read: ${reasonOf(error)}`);
    return null;
  }
}

/** A row a variant: mean ± standard deviation over its seeds. */
function madeTable(scored: readonly Scored[], measures: readonly string[], fixed: ReadonlyMap<string, Scores>): Table {
  const rows = variantsOf(scored).map((variant) => {
    const mine = scored.filter((run) => run.variant === variant && Object.keys(run.scores).length > 0);
    const cells = measures.map((measure) => {
      const values = mine.flatMap((run) => run.scores[measure] ?? []);
      return values.length > 0 ? shown(meanStd(values)) : '';
    });
    return [variant, String(mine.length), ...cells];
  });
  const still = [...fixed].map(([name, scores]) => [name, '', ...measures.map((measure) => shown(scores[measure]))]);
  return {
    file: null,
    columns: ['variant', 'seeds', ...measures],
    rows: measures.length > 0 ? [...still, ...rows] : [],
  };
}

function spreadOf(scored: readonly Scored[], measure: string): Spread[] {
  return variantsOf(scored).flatMap((name) => {
    const values = scored.flatMap((run) => (run.variant === name ? (run.scores[measure] ?? []) : []));
    return values.length > 0 ? [{ name, values }] : [];
  });
}

function variantsOf(scored: readonly Scored[]): string[] {
  return [...new Set(scored.map(({ variant }) => variant))];
}
