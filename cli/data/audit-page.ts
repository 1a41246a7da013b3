import type { Audit } from '../../data/mining/audit.js';
import { type Column, plainTable } from '../../report/table.js';
import { start } from './start.js';

/** An audit for a terminal: what guards leave out, how far they agree, and an example of each. */
export function auditPage(audit: Audit): string {
  const silent = audit.verdicts.flatMap(({ guard, unjudged }) =>
    unjudged > 0 ? [`${guard} could not judge ${unjudged} negatives: their answers hold no score`] : [],
  );
  return [...head(audit), verdicts(audit), ...agreement(audit), ...silent, ...examples(audit)].join('\n');
}

function head({ source, negatives, falseNegatives, candidates }: Audit): string[] {
  const known = (right: number | null, all: number): string =>
    right === null ? '' : `, ${right} of them right answers (${percent(right, all)})`;
  const seen = `${source}: ${negatives} negatives${known(falseNegatives, negatives)}`;
  if (!candidates) return [seen];
  const { number, rightAnswers } = candidates;
  return [seen, `without guards and from rank 1: ${number} candidates${known(rightAnswers, number)}; of these`];
}

function verdicts({ negatives, falseNegatives, candidates, verdicts: said }: Audit): string {
  const truth = falseNegatives === null ? [] : [{ heading: 'precision' }, { heading: 'recall' }];
  return plainTable(
    [{ heading: 'guard' }, { heading: 'leaves out', digits: 0 }, { heading: 'share' }, ...truth],
    said.map(({ guard, dropped, precision, recall }) => [
      guard,
      dropped,
      percent(dropped, candidates?.number ?? negatives),
      ...(truth.length > 0 ? [precision ?? Number.NaN, recall ?? Number.NaN] : []),
    ]),
  );
}

/** A line for two guards, a table for more. */
function agreement({ agreement: agreed }: Audit): string[] {
  if (agreed.length === 0) return [];
  const names = [...new Set(agreed.flatMap(({ guards }) => guards))];
  if (names.length === 2) {
    const [{ share }] = agreed as [Audit['agreement'][number]];
    return ['', `${names.join(' and ')} agree on ${percent(share, 1)} of what either leaves out`];
  }
  const shares = new Map(agreed.map(({ guards, share }) => [guards.join('\n'), percent(share, 1)]));
  const columns: Column[] = names.slice(0, -1).map((_, i) => ({ heading: `${i + 1}` }));
  const rows = names.map((name, i) => [
    `${i + 1} ${name}`,
    ...columns.map((_, j) => (j < i ? (shares.get(`${names[j]}\n${name}`) ?? '–') : '')),
  ]);
  return ['', plainTable([{ heading: 'agree on, of what either leaves out' }, ...columns], rows)];
}

function examples({ verdicts: said }: Audit): string[] {
  // The last two are of all guards together.
  return said
    .slice(0, said.length > 1 ? -2 : undefined)
    .flatMap(({ guard, example }) =>
      example
        ? [
            '',
            `${guard} leaves out`,
            `query     ${start(example.query)}`,
            `positive  ${start(example.positive)}`,
            `negative  ${start(example.negative)}`,
          ]
        : [],
    );
}

function percent(n: number, all: number): string {
  return `${((100 * n) / Math.max(1, all)).toFixed(1)} %`;
}
