import type { MacroMean } from '../eval/macro-mean.js';
import { type Result, titleOf } from '../eval/result.js';
import { plainTable } from '../report/table.js';

/** A table a set: systems in rows, measures in columns. */
export function tables(results: readonly Result[]): string {
  const sets = [...new Set(results.map(titleOf))];
  return sets
    .map((title) => {
      const rows = results.filter((result) => titleOf(result) === title);
      const [first] = rows as [Result];
      const measures = Object.keys(first.metrics);
      const timed = rows.some(({ seconds }) => seconds !== undefined);
      const columns = [
        { heading: 'system' },
        ...measures.map((heading) => ({ heading })),
        ...(timed ? [{ heading: 'seconds', digits: 1 }] : []),
      ];
      const cells = rows.map(({ system, metrics, seconds }) => [
        system,
        ...measures.map((name) => metrics[name]),
        ...(timed ? [seconds] : []),
      ]);
      const over = first.documents === undefined ? '' : ` over ${first.documents} documents`;
      const whole = `${title}: ${first.queries} queries${over}\n${plainTable(columns, cells)}`;
      return first.pool ? `${whole}\n\n${poolTable(rows)}` : whole;
    })
    .join('\n\n');
}

/** Means over the parts of benchmarks that were scored whole, a table each. */
export function macroTables(means: readonly MacroMean[]): string[] {
  return [...new Set(means.map(({ benchmark }) => benchmark))].map((benchmark) => {
    const rows = means.filter((one) => one.benchmark === benchmark);
    const measures = Object.keys(rows[0]!.metrics);
    const columns = [{ heading: 'system' }, ...measures.map((heading) => ({ heading }))];
    const cells = rows.map(({ system, metrics }) => [system, ...measures.map((name) => metrics[name])]);
    return `${benchmark}: the mean over its ${rows[0]!.parts} parts\n${plainTable(columns, cells)}`;
  });
}

/** The whole corpus and the pool side by side: what ranking another retriever's candidates alone would hide. */
function poolTable(rows: readonly Result[]): string {
  const [{ pool, metrics }] = rows as [Result];
  if (!pool) return '';
  const measures = Object.keys(metrics);
  const columns = [
    { heading: 'system' },
    ...measures.flatMap((heading) => [{ heading }, { heading: 'in pool' }]),
    { heading: `hits in ${pool.cutoff}`, digits: 0 },
    { heading: 'never in pool', digits: 0 },
  ];
  const cells = rows.map((row) => [
    row.system,
    ...measures.flatMap((name) => [row.metrics[name], row.pool?.metrics[name]]),
    row.pool?.hits,
    row.pool?.neverHeld,
  ]);
  const head = `the pool, the best ${pool.depth} of ${pool.file}, holds ${(100 * pool.ceiling).toFixed(1)} % of what is relevant`;
  return `${head}\n${plainTable(columns, cells)}`;
}

/** What approximate search missed, a table a set; none where all were searched exactly. */
export function approximateTables(results: readonly Result[]): string[] {
  const searched = results.filter(({ approximate }) => approximate !== undefined);
  return [...new Set(searched.map(titleOf))].map((title) => {
    const rows = searched.filter((result) => titleOf(result) === title);
    const cutoffs = Object.keys(rows[0]?.approximate?.recall ?? {});
    const columns = [
      { heading: 'approximate against exact search' },
      ...cutoffs.map((k) => ({ heading: `recall@${k}`, digits: 4 })),
      { heading: 'search, s', digits: 2 },
      { heading: 'exact, s', digits: 2 },
    ];
    const cells = rows.map(({ system, approximate }) => [
      system,
      ...cutoffs.map((k) => approximate?.recall[k]),
      approximate?.seconds.search,
      approximate?.seconds.exact,
    ]);
    return `${title}\n${plainTable(columns, cells)}`;
  });
}

/** A table a result: queries in rows, in the judgements' order. */
export function queryTables(results: readonly Result[]): string {
  return results
    .map((result) => {
      const measures = Object.keys(result.perQuery);
      const queries = Object.keys(result.perQuery[measures[0] as string] ?? {});
      const columns = [{ heading: 'query' }, ...measures.map((heading) => ({ heading }))];
      const rows = queries.map((query) => [query, ...measures.map((name) => result.perQuery[name]?.[query])]);
      return `${titleOf(result)}: ${result.system}\n${plainTable(columns, rows)}`;
    })
    .join('\n\n');
}
