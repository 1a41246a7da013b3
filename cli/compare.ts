import { statSync } from 'node:fs';
import type { CommandModule } from 'yargs';
import { type Comparison, compareResults } from '../eval/compare.js';
import { queryTexts } from '../eval/query-texts.js';
import { type Result, readResults, titleOf } from '../eval/result.js';
import { scoreRuns } from '../eval/score.js';
import { ownResults } from '../report/results/own-results.js';
import { isRunFolder } from '../report/runs/listed.js';
import { signed } from '../report/signed.js';
import { type Cell, plainTable } from '../report/table.js';
import { exactUpTo } from '../retrieval/significance.js';
import { judgementsOf, metricsOf } from './judgements.js';
import { differencesOf, differencesText } from './plan-differences.js';
import { say } from './progress.js';

interface CompareArguments {
  results: string[];
  qrels: string | undefined;
  set: string[];
  split: string;
  metrics: string[];
  baseline: string | undefined;
  changes: number;
  cost: string | undefined;
  json: boolean;
}

const list = { type: 'string', array: true, requiresArg: true, nargs: 1 } as const;

/** `reasontune compare A B..`: whether systems differ, query by query, with intervals and corrected p-values. */
export const compare: CommandModule<object, CompareArguments> = {
  command: 'compare <results..>',
  describe: 'say whether systems differ, and on which queries: paired test, interval, Holm’s correction',
  builder: (yargs) =>
    yargs
      .positional('results', {
        describe: 'run folders, results of eval, or folders of them; with --qrels or --set, rankings',
        type: 'string',
        array: true,
        demandOption: true,
      })
      .option('qrels', { describe: 'judgements to score rankings with', type: 'string', requiresArg: true })
      .option('set', { ...list, describe: 'folder in BEIR layout, or a preset, to score rankings with', default: [] })
      .option('split', { describe: 'which judgements, with --set', type: 'string', default: 'test', requiresArg: true })
      .option('metrics', {
        ...list,
        alias: 'metric',
        describe: 'nDCG@10,R@100,… [all that the results have]',
        default: [],
      })
      .option('baseline', { describe: 'the system to compare with [the first]', type: 'string', requiresArg: true })
      .option('changes', {
        describe: 'how many of the queries that changed most to print',
        type: 'number',
        default: 5,
        requiresArg: true,
      })
      .option('cost', {
        describe:
          'price file such as configs/prices.yaml: what 1,000 queries cost, with rerankers and web search beside',
        type: 'string',
        requiresArg: true,
      })
      .option('json', { describe: 'print one JSON object', type: 'boolean', default: false })
      .example('$0 compare checkpoints/a checkpoints/b', 'two runs, and in what their plans differ')
      .example('$0 compare checkpoints/quickstart/results --baseline BM25', 'every system against BM25')
      .example('$0 compare results --cost configs/prices.yaml', 'what 1,000 queries cost')
      .example('$0 compare a.run b.run --set examples/scifact', 'two rankings'),
  handler: async (given) => {
    const results = await resultsOf(given);
    if (given.cost !== undefined) {
      await printCost(results, given.cost, given.json);
      return;
    }
    const comparisons = compareResults(results, given.baseline);
    const plans = differencesOf(runsOf(given));
    if (given.json) {
      console.log(JSON.stringify({ comparisons, ...(plans && { plans }) }));
      return;
    }
    const parts = [...tablesOf(comparisons), ...differencesText(plans), changesOf(comparisons, results, given.changes)];
    console.log(parts.join('\n\n'));
  },
};

/** The run folders among what was named. */
function runsOf({ results }: CompareArguments): string[] {
  return results.filter((path) => isRunFolder(path));
}

async function printCost(results: readonly Result[], file: string, json: boolean): Promise<void> {
  const [{ readPrices }, { costTables }, { costText }] = await Promise.all([
    import('../plan/prices.js'),
    import('../eval/cost.js'),
    import('./cost-tables.js'),
  ]);
  const prices = readPrices(file);
  const tables = costTables(results, prices);
  console.log(json ? JSON.stringify({ costs: tables, prices }) : costText(tables, prices.currency));
}

async function resultsOf(given: CompareArguments): Promise<Result[]> {
  if (given.qrels !== undefined || given.set.length > 0) {
    const metrics = metricsOf(given.metrics);
    return scoreRuns(given.results, await judgementsOf(given), { metrics, out: null, onNote: say });
  }
  const results = runsOf(given).length > 1 ? ownResults(given.results) : readResults(given.results);
  if (given.metrics.length === 0) return results;
  const wanted = new Set(metricsOf(given.metrics));
  const kept = <T>(byMeasure: Readonly<Record<string, T>>): Record<string, T> =>
    Object.fromEntries(Object.entries(byMeasure).filter(([measure]) => wanted.has(measure)));
  return results.map((result) => ({ ...result, metrics: kept(result.metrics), perQuery: kept(result.perQuery) }));
}

const columns = [
  { heading: 'measure' },
  { heading: 'system' },
  { heading: 'mean' },
  { heading: 'difference' },
  { heading: '95 % interval' },
  { heading: 'effect' },
  { heading: 'wins', digits: 0 },
  { heading: 'ties', digits: 0 },
  { heading: 'losses', digits: 0 },
  { heading: 'p', digits: 4 },
  { heading: 'Holm', digits: 4 },
];

/** A table a set, the baseline's means above those compared with it, and how to read it. */
function tablesOf(comparisons: readonly Comparison[]): string[] {
  const sets = [...new Set(comparisons.map(({ set }) => set))].map((set) => {
    const here = comparisons.filter((one) => one.set === set);
    const rows = [...new Set(here.map(({ measure }) => measure))].flatMap((measure) => {
      const ours = here.filter((one) => one.measure === measure);
      const [first] = ours as [Comparison];
      return [[measure, first.baseline, first.means.baseline] as Cell[], ...ours.map(rowOf)];
    });
    const [{ queries, baseline }] = here as [Comparison];
    const padded = rows.map((row) => columns.map((_, i) => row[i]));
    return `${set}: ${queries} queries, against ${baseline}\n${plainTable(columns, padded)}`;
  });
  const notes =
    `difference: with its 95 % bootstrap interval over queries. effect: the mean difference in standard deviations.\n` +
    `p: paired randomisation test, two-sided, exact up to ${exactUpTo} queries that differ, else 10,000 sign flips.\n` +
    `Holm: p corrected for the ${comparisons.length} comparison${comparisons.length === 1 ? '' : 's'} made here.`;
  return [...sets, notes];
}

function rowOf(one: Comparison): Cell[] {
  const [low, high] = one.interval.map((end) => signed(end));
  return [
    one.measure,
    one.system,
    one.means.system,
    signed(one.difference),
    `${low} to ${high}`,
    signed(one.effect, 2),
    one.wins,
    one.ties,
    one.losses,
    one.p,
    one.holm,
  ];
}

/** The queries that changed most, as text. */
function changesOf(comparisons: readonly Comparison[], results: readonly Result[], count: number): string {
  const texts = new Map(
    [...new Set(results.map(titleOf))].map((title) => {
      const folder = results.find((result) => titleOf(result) === title && isFolder(result.folder))?.folder;
      return [title, queryTexts(folder)] as const;
    }),
  );
  return comparisons
    .map(({ set, measure, system, baseline, changes }) => {
      const lines = changes.slice(0, count).map(({ query, before, after }) => {
        const text = texts.get(set)?.get(query);
        return `  ${signed(after - before)}  ${before.toFixed(3)} → ${after.toFixed(3)}  ${query}${text ? `: ${short(text)}` : ''}`;
      });
      const most = lines.length > 0 && lines.length < changes.length ? `; the ${lines.length} that changed most:` : '';
      const head = `${set}, ${measure}, ${system} against ${baseline}: ${changes.length} queries changed${most}`;
      return [head, ...lines].join('\n');
    })
    .join('\n\n');
}

function isFolder(path: string | undefined): boolean {
  return path !== undefined && (statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false);
}

function short(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > 90 ? `${line.slice(0, 90)}…` : line;
}
