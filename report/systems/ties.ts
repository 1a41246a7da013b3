import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { countTies, tiePolicies } from '../../eval/ties.js';
import { Fault } from '../../plan/fault.js';
import { evaluate, type Measure, parseMeasure } from '../../retrieval/metrics.js';
import type { Qrels, Run } from '../../retrieval/ranking.js';
import type { Picture } from '../charts/chart.js';
import { type Row, writeRows } from '../charts/rows.js';
import { type Choice, judgementsFor, rankingOf, readScored } from './scored.js';

const reportSchema = z.object({
  measure: z.string(),
  queries: z.int(),
  ties: z.object({ tiedPairs: z.number() }),
  retriever: z.number(),
  policies: z.object({
    worst: z.number(),
    documentId: z.number(),
    random: z.object({ mean: z.number(), interval: z.tuple([z.number(), z.number()]).readonly() }),
    best: z.number(),
  }),
});

/** Enough for the interval to be seen. */
const shuffles = 200;

/**
 * Draws how much of a result is the luck of ties: from the worst order of tied documents to the best, what 95 % of random
 * orders give, and what trec_eval reports.
 *
 * @param paths run folders and results of `eval`; or one file with what `rerank --json` printed
 */
export function writeTies(prefix: string, paths: readonly string[], choice: Choice): Picture {
  const report = paths.length === 1 ? readReport(paths[0] as string) : null;
  const subtitle =
    'Caps: worst and best order of tied documents. Thick: 95 % of random orders; point: their mean. Diamond: what trec_eval reports.';
  if (report) {
    const { measure, queries, policies, ties, retriever } = report;
    return writeRows(prefix, {
      title: 'What ties are worth',
      subtitle: `${queries} queries. ${subtitle}`,
      measure,
      rows: [rowOf('reranked', policies, ties.tiedPairs)],
      references: [{ name: 'retriever alone', value: retriever, text: retriever.toFixed(3) }],
    });
  }
  const { title, measure, systems } = readScored(paths, choice);
  const parsed = parseMeasure(measure, '--measure');
  const rows = systems.map((system) => {
    const [qrels, run] = [judgementsFor(system), rankingOf(system)];
    const judged = new Map([...run].filter(([query]) => qrels.has(query)));
    return rowOf(system.result.system, policiesOf(judged, qrels, parsed), countTies(judged).tiedPairs);
  });
  const queries = systems[0]?.result.queries;
  return writeRows(prefix, {
    title: 'What ties are worth',
    subtitle: `${title}, ${queries} queries. ${subtitle}`,
    measure,
    rows,
    references: [],
  });
}

/** As {@link tiePolicies}, which orders anew only the queries that have ties: most rankings of a model have few. */
function policiesOf(run: Run, qrels: Qrels, measure: Measure): Policies {
  const tied = new Map([...run].filter(([query, ranked]) => countTies(new Map([[query, ranked]])).tiedPairs > 0));
  const { mean, perQuery } = evaluate(run, qrels, [measure]).get(measure.name)!;
  if (tied.size === 0) return { worst: mean, documentId: mean, random: { mean, interval: [mean, mean] }, best: mean };
  const judged = new Map([...qrels].filter(([query]) => tied.has(query)));
  const { worst, documentId, random, best } = tiePolicies(tied, tied, judged, measure, shuffles);
  let rest = 0;
  for (const [query, value] of perQuery) rest += tied.has(query) ? 0 : value;
  const whole = (part: number): number => (part * judged.size + rest) / perQuery.size;
  const [low, high] = random.interval;
  return {
    worst: whole(worst),
    documentId: whole(documentId),
    random: { mean: whole(random.mean), interval: [whole(low), whole(high)] },
    best: whole(best),
  };
}

type Policies = z.output<typeof reportSchema>['policies'];

function rowOf(name: string, { worst, best, random, documentId }: Policies, tiedPairs: number): Row {
  const range = best - worst < 5e-4 ? worst.toFixed(3) : `${worst.toFixed(3)} to ${best.toFixed(3)}`;
  const text = `${range}   ${percent(tiedPairs)} of pairs tied`;
  return { name, value: random.mean, interval: [worst, best], inner: random.interval, other: documentId, text };
}

function percent(share: number): string {
  const value = 100 * share;
  return value > 0 && value < 0.1 ? '< 0.1 %' : `${value.toFixed(1)} %`;
}

/** What `rerank --json` printed, or null for another file. @throws Fault where it is of that kind, but not whole */
function readReport(path: string): z.output<typeof reportSchema> | null {
  if (!path.endsWith('.json')) return null;
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null || !('policies' in value)) return null;
  const checked = reportSchema.safeParse(value);
  if (checked.success) return checked.data;
  const at = checked.error.issues[0]?.path.join('.') || 'its top';
  throw new Fault(`Expected what rerank --json prints for ${path}, got another form at ${at}. Rerank again.`);
}
