import { join } from 'node:path';
import type { Prices } from '../plan/prices.js';
import type { Picture } from './charts/chart.js';
import { readContenders } from './results/contenders.js';
import { resultsText } from './results/markdown.js';
import { writeAblation, writeForest } from './results/plot.js';
import { type ResultsTable, resultsTable } from './results/results-table.js';
import { type ResultsFiles, writeResults } from './results/write.js';

export interface SweepFiles extends ResultsFiles {
  readonly table: ResultsTable;
  /** For a terminal. */
  readonly text: string;
  readonly pictures: readonly Picture[];
}

/**
 * Writes a sweep's tables (`results.arrow`, `.csv`, `.md`) and pictures (`sweep`, its variants on the first set; `forest`,
 * their differences to the baseline on all sets; each as PNG, SVG and PDF) into its folder.
 *
 * @throws Fault where no run of it was evaluated
 */
export function writeSweep(folder: string, prices: Prices | null = null): SweepFiles {
  const table = resultsTable(readContenders([folder]), prices);
  const first = { set: undefined, measure: undefined };
  const ablation = writeAblation(join(folder, 'sweep'), table, first);
  const forest = table.comparisons > 0 ? [writeForest(join(folder, 'forest'), table, first)] : [];
  return { ...writeResults(folder, table), table, text: resultsText(table), pictures: [ablation, ...forest] };
}
