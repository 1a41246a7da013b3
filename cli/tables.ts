import type { Result } from '../eval/evaluate.js';
import { plainTable } from '../report/table.js';

/** A table a set: systems in rows, measures in columns. */
export function tables(results: readonly Result[]): string {
  const sets = [...new Set(results.map(({ set, split }) => `${set}, ${split}`))];
  return sets
    .map((title) => {
      const rows = results.filter(({ set, split }) => `${set}, ${split}` === title);
      const [first] = rows as [Result];
      const measures = Object.keys(first.metrics);
      const head = `${title}: ${first.queries} queries over ${first.documents} documents`;
      const columns = [
        { heading: 'system' },
        ...measures.map((heading) => ({ heading })),
        { heading: 'seconds', digits: 1 },
      ];
      const cells = rows.map(({ system, metrics, seconds }) => [system, ...measures.map((m) => metrics[m]), seconds]);
      return `${head}\n${plainTable(columns, cells)}`;
    })
    .join('\n\n');
}
