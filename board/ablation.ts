import { readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { z } from 'zod';
import { reasonOf } from '../plan/fault.js';
import { sweepRunOf } from '../plan/run-layout.js';
import { meanStd, shown } from '../report/table.js';
import type { Root } from './inside.js';
import type { Ablation, RunRow, Spread } from './protocol.js';

// A table of a sweep; larger files are none of ours.
const LARGEST = 1 << 24;
const scores = z.record(z.string(), z.number());
const baselines = z.array(z.object({ name: z.string(), scores }));

type Scored = readonly { readonly variant: string; readonly scores: Readonly<Record<string, number>> }[];

/** What a sweep found: results.csv as it stands there, else a table made of the runs' own scores. */
export function ablationOf(root: Root, id: string, runs: readonly RunRow[]): Ablation {
  const notes: string[] = [];
  const read = (...parts: string[]): string | null => {
    const file = root.find(id, ...parts);
    const found = file === null ? undefined : statSync(file, { throwIfNoEntry: false });
    if (file === null || !found?.isFile() || found.size > LARGEST) return null;
    return readFileSync(file, 'utf8');
  };
  const json = <T>(schema: z.ZodType<T>, ...parts: string[]): T | null => {
    const text = read(...parts);
    if (text === null) return null;
    try {
      return schema.parse(JSON.parse(text));
    } catch {
      notes.push(`${join(id, ...parts)} cannot be read`);
      return null;
    }
  };
  const scored = runs.map((run): Scored[number] => ({
    variant: variantOf(run.id),
    scores: json(scores, run.id.slice(id === '.' ? 0 : id.length + 1), 'scores.json') ?? run.scores,
  }));
  const fixed = baselineFile(runs).flatMap((file) => json(baselines, file) ?? []);
  const measures = [...new Set(scored.flatMap((run) => Object.keys(run.scores)))];
  const spreads = measures.map((measure) => ({ measure, variants: spreadOf(scored, measure) }));
  const csv = read('results.csv');
  const table = (csv !== null && csvTable(csv, notes)) || madeTable(scored, measures, fixed);
  return { id, ...table, spreads, runs, notes };
}

/** The baselines' scores of a sweep, named by the hash of its first plan. */
function baselineFile(runs: readonly RunRow[]): string[] {
  return [...new Set(runs.map(({ hash }) => hash))].filter(Boolean).map((hash) => `baselines-${hash}.json`);
}

type Table = Pick<Ablation, 'file' | 'columns' | 'rows'>;

function csvTable(text: string, notes: string[]): Table | null {
  try {
    const rows: string[][] = parse(text, { bom: true, relax_column_count: true, skip_empty_lines: true });
    const [columns = [], ...rest] = rows;
    return { file: 'results.csv', columns, rows: rest };
  } catch (error) {
    notes.push(`results.csv cannot be read: ${reasonOf(error)}`);
    return null;
  }
}

/** A row a variant: mean ± standard deviation over its seeds. */
function madeTable(scored: Scored, measures: readonly string[], fixed: z.output<typeof baselines>): Table {
  const variants = [...new Set(scored.map(({ variant }) => variant))];
  const rows = variants.map((variant) => {
    const mine = scored.filter((run) => run.variant === variant && Object.keys(run.scores).length > 0);
    const cells = measures.map((measure) => {
      const values = mine.flatMap((run) => run.scores[measure] ?? []);
      return values.length > 0 ? shown(meanStd(values)) : '';
    });
    return [variant, String(mine.length), ...cells];
  });
  const still = fixed.map(({ name, scores: of }) => [name, '', ...measures.map((measure) => shown(of[measure]))]);
  return { file: null, columns: ['variant', 'seeds', ...measures], rows: [...still, ...rows] };
}

function spreadOf(scored: Scored, measure: string): Spread[] {
  const variants = [...new Set(scored.map(({ variant }) => variant))];
  return variants.flatMap((name) => {
    const values = scored.flatMap((run) => (run.variant === name ? (run.scores[measure] ?? []) : []));
    return values.length > 0 ? [{ name, values }] : [];
  });
}

/** `vl` of `sweep/vl-seed1-0123456789ab`. */
function variantOf(id: string): string {
  const name = basename(id);
  return sweepRunOf(name)?.variant ?? name;
}
