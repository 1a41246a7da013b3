import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Baseline, writeBars } from './bars.js';
import { type Cell, markdownTable, meanStd, plainTable } from './table.js';

type Scores = Readonly<Record<string, number>>;

/** What a sweep found: each variant's scores, one entry a seed; and systems that do not depend on it. */
export interface SweepScores {
  readonly name: string;
  readonly variants: readonly { readonly name: string; readonly scores: readonly Scores[] }[];
  readonly baselines: readonly { readonly name: string; readonly scores: Scores }[];
}

export interface SweepFiles {
  /** For a terminal. */
  readonly text: string;
  readonly markdown: string;
  readonly picture: { readonly png: string; readonly svg: string };
}

/** Writes `table.md`, `sweep.png` and `sweep.svg` (the first measure) into a sweep's folder: mean ± standard deviation over seeds. */
export function writeSweep(folder: string, { name, variants, baselines }: SweepScores): SweepFiles {
  const measures = Object.keys(variants.find(({ scores }) => scores.length > 0)?.scores[0] ?? {});
  const columns = [
    { heading: 'variant' },
    { heading: 'seeds', digits: 0 },
    ...measures.map((heading) => ({ heading, best: 'highest' as const })),
  ];
  const fixed = baselines.map(({ name, scores }): Cell[] => [name, '', ...measures.map((m) => scores[m])]);
  const trained = variants.map(({ name, scores }): Cell[] => [
    name,
    scores.length,
    ...measures.map((m) => (scores.length > 0 ? meanStd(scores.map((s) => s[m] as number)) : undefined)),
  ]);
  const rows = [...fixed, ...trained];
  const markdown = join(folder, 'table.md');
  writeFileSync(markdown, `${markdownTable(columns, rows)}\n`);
  const [measure = ''] = measures;
  const [set, split, short] = measure.split(' ');
  const picture = writeBars(join(folder, 'sweep'), {
    title: name,
    data: `${set}, ${split}`,
    measure: short ?? measure,
    bars: variants.flatMap(({ name, scores }) =>
      scores.length > 0 ? [{ name, values: scores.map((s) => s[measure] as number) }] : [],
    ),
    baselines: baselines.map(({ name, scores }): Baseline => ({ name, value: scores[measure] as number })),
  });
  return { text: plainTable(columns, rows), markdown, picture };
}
