import { compareResults } from '../eval/compare.js';
import { type Result, titleOf } from '../eval/result.js';
import { signed } from '../report/signed.js';
import { plainTable } from '../report/table.js';

/** Other words against the set's own, system by system; none where nothing was rewritten. */
export function rewritingTables(results: readonly Result[]): string[] {
  const columns = [
    { heading: 'rewritten against original' },
    { heading: 'measure' },
    { heading: 'original' },
    { heading: 'rewritten' },
    { heading: 'difference' },
    { heading: '95 % interval' },
    { heading: 'p', digits: 4 },
  ];
  return [...new Set(results.map(titleOf))].flatMap((title) => {
    const here = results.filter((result) => titleOf(result) === title);
    const rows = here
      .filter(({ rewritten }) => rewritten !== undefined)
      .flatMap((result) => {
        const original = here.find(({ system }) => system === result.rewritten?.original) as Result;
        return compareResults([original, result]).map(({ measure, means, difference, interval, p }) => [
          result.system,
          measure,
          means.baseline,
          means.system,
          signed(difference),
          interval.map((end) => signed(end)).join(' to '),
          p,
        ]);
      });
    return rows.length === 0 ? [] : [`${title}\n${plainTable(columns, rows)}`];
  });
}
