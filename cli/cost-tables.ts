import type { CostTable } from '../eval/cost.js';
import { indexCost, queryCost } from '../eval/cost.js';
import { type Result, titleOf } from '../eval/result.js';
import type { Prices } from '../plan/prices.js';
import { type Cell, plainTable } from '../report/table.js';

/** What each system took, a table a set; with prices, in money too. Empty where nothing was measured. */
export function effortTables(results: readonly Result[], prices: Prices | null): string[] {
  const measured = results.filter(({ cost }) => cost !== undefined);
  const rewritten = measured.some(({ cost }) => cost?.tokensPerQuery.rewriterInput !== undefined);
  const columns = [
    { heading: 'cost of' },
    { heading: 'queries/s', digits: 1 },
    { heading: 'documents, s', digits: 1 },
    { heading: 'queries, s', digits: 2 },
    { heading: 'search, s', digits: 2 },
    { heading: 'index, MB', digits: 1 },
    { heading: 'document tokens', digits: 0 },
    { heading: 'tokens/query', digits: 1 },
    ...(rewritten
      ? [
          { heading: 'rewriter in', digits: 0 },
          { heading: 'out', digits: 0 },
        ]
      : []),
    ...(prices
      ? [
          { heading: `${prices.currency}/1,000 queries`, digits: 4 },
          { heading: 'index, once', digits: 4 },
        ]
      : []),
  ];
  return [...new Set(measured.map(titleOf))].map((title) => {
    const rows = measured
      .filter((result) => titleOf(result) === title)
      .map((result): Cell[] => {
        const { seconds, tokensPerQuery, ...cost } = result.cost!;
        return [
          result.system,
          cost.queriesPerSecond,
          seconds.documents,
          seconds.queries,
          seconds.search,
          cost.indexBytes / 1e6,
          cost.documentTokens ?? undefined,
          tokensPerQuery.encoder ?? undefined,
          ...(rewritten ? [tokensPerQuery.rewriterInput ?? undefined, tokensPerQuery.rewriterOutput ?? undefined] : []),
          ...(prices ? [queryCost(result, prices)?.money, indexCost(result, prices)] : []),
        ];
      });
    return `${title}\n${plainTable(columns, rows)}`;
  });
}

/** What ways to answer cost side by side, with all that the numbers rest on. */
export function costText(tables: readonly CostTable[], currency: string): string {
  return tables
    .map(({ set, rows, assumptions }) => {
      const columns = [
        { heading: 'per 1,000 queries' },
        { heading: currency, digits: 4 },
        { heading: 'times the first', digits: 1 },
        { heading: 'tokens/query', digits: 0 },
      ];
      const cells = rows.map(({ what, money, times, tokens }) => [what, money, times, tokens]);
      return `${set}\n${plainTable(columns, cells)}\n\nassumed:\n${assumptions.map((line) => `  ${line}`).join('\n')}`;
    })
    .join('\n\n');
}
