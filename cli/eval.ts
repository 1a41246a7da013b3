import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { CommandModule } from 'yargs';
import { isPreset, presetsOf } from '../data/presets/presets.js';
import { indexCost, queryCost } from '../eval/cost.js';
import { macroMeans } from '../eval/macro-mean.js';
import { type Result, titleOf } from '../eval/result.js';
import { scoreRuns } from '../eval/score.js';
import { Fault } from '../plan/fault.js';
import { type Prices, readPrices } from '../plan/prices.js';
import { readPlan } from '../plan/read.js';
import { lastCheckpoint } from '../plan/run-layout.js';
import { type BackendName, backendNames, type EvalSetPlan, type Precision, type RunPlan } from '../plan/schema.js';
import type { VectorSearch } from '../plan/vector-search.js';
import type { Scoring } from '../retrieval/metrics.js';
import { effortTables } from './cost-tables.js';
import { precisionOption, searchOption } from './encoder-options.js';
import { judgementsOf, metricsOf } from './judgements.js';
import { wholeNumber } from './numbers.js';
import { progress, say } from './progress.js';
import { rewritingTables } from './rewriting-tables.js';
import { approximateTables, macroTables, queryTables, tables } from './tables.js';

interface EvalArguments {
  models: string[];
  run: string[];
  qrels: string | undefined;
  set: string[];
  split: string;
  metrics: string[];
  complete: boolean;
  'relevant-from': number;
  pool: string | undefined;
  depth: number | undefined;
  chunk: number | undefined;
  index: string | undefined;
  search: VectorSearch | undefined;
  rewrite: string | undefined;
  prices: string | undefined;
  'per-query': boolean;
  plan: string | undefined;
  out: string | undefined;
  'run-form': 'trec' | 'json';
  precision: Precision;
  backend: BackendName;
  json: boolean;
}

const list = { type: 'string', array: true, requiresArg: true, nargs: 1 } as const;

/** `reasontune eval MODEL..`: rank whole corpora with one or more models, or take rankings as they are, and score them. */
export const evaluate: CommandModule<object, EvalArguments> = {
  command: 'eval [models..]',
  describe: 'rank whole corpora with one or more models, or take rankings as they are, and score them',
  builder: (yargs) =>
    yargs
      .positional('models', {
        describe:
          'bm25, bm25:bright, a run folder, a checkpoint, a sentence-transformers folder, a hub id, a YAML file of a server, or a run file',
        type: 'string',
        array: true,
        default: [],
      })
      .option('set', {
        ...list,
        describe: 'folder in BEIR layout, bright:biology, bright-long:all, beir:scifact, … [the plan’s eval.sets]',
        default: [],
      })
      .option('split', { describe: 'which judgements, with --set', type: 'string', default: 'test', requiresArg: true })
      .option('run', { ...list, describe: 'ranking to score: TREC columns, or .json', default: [] })
      .option('qrels', {
        describe: 'judgements for --run: TREC or BEIR columns, or .json',
        type: 'string',
        requiresArg: true,
      })
      .option('metrics', {
        ...list,
        alias: 'metric',
        describe: 'nDCG@10,R@100,AP,RR@10,Judged@10,Hole@10,… [the plan’s]',
        default: [],
      })
      .option('complete', {
        describe: 'average over all judged queries, those not ranked with 0; --no-complete over those ranked',
        type: 'boolean',
        default: true,
      })
      .option('relevant-from', { describe: 'the lowest relevant grade', type: 'number', default: 1, requiresArg: true })
      .option('pool', {
        describe: 'ranking of another retriever: rank its candidates alone, too, and say what that hides',
        type: 'string',
        requiresArg: true,
      })
      .option('depth', {
        describe: 'how many documents a query count: of the pool [1000], or, with --run, of the ranking',
        type: 'number',
        requiresArg: true,
      })
      .option('chunk', {
        describe: 'encoders embed documents in pieces of so many words, and score each by its best',
        type: 'number',
        requiresArg: true,
      })
      .option('index', {
        describe: 'folder that keeps encoders’ vectors, so that the next time nothing is embedded',
        type: 'string',
        requiresArg: true,
      })
      .option('search', searchOption)
      .option('rewrite', {
        describe:
          'ask in other words, too: field:NAME of the query records, bright:gpt4_reason, a .jsonl of {_id, text}, a rewriter’s YAML',
        type: 'string',
        requiresArg: true,
      })
      .option('prices', {
        describe: 'price file such as configs/prices.yaml: the cost in money, too',
        type: 'string',
        requiresArg: true,
      })
      .option('per-query', { describe: 'print every query’s values too', type: 'boolean', default: false })
      .option('plan', { describe: 'plan with an eval section [the run folder’s]', type: 'string', requiresArg: true })
      .option('out', {
        describe: 'folder for run files and results [the run folder’s results]',
        type: 'string',
        requiresArg: true,
      })
      .option('run-form', {
        describe: 'how --out writes rankings',
        choices: ['trec', 'json'] as const,
        default: 'trec' as const,
      })
      .option('precision', precisionOption)
      .option('backend', { choices: backendNames, default: 'auto' as const })
      .option('json', { describe: 'print one JSON object', type: 'boolean', default: false })
      .example('$0 eval bm25 checkpoints/quickstart --set examples/scifact', 'one table, two rows')
      .example('$0 eval --run my.run --qrels qrels.txt --metrics nDCG@10,R@100 --json', 'scores any ranking'),
  handler: async (given) => {
    if (given.models.length === 0 && given.run.length === 0) {
      throw new Fault(
        'Expected a model or --run for eval, got neither. Name a model, or a ranking with --run and --qrels.',
      );
    }
    if (given.depth !== undefined && given.pool === undefined && given.run.length === 0) {
      throw new Fault(`Expected --pool or --run beside --depth, got neither. Leave --depth away, or name a ranking.`);
    }
    const prices = given.prices === undefined ? null : readPrices(given.prices);
    const { results, out } = given.run.length > 0 ? await scoreFiles(given) : await rankAndScore(given);
    if (out) say(`run files and results are in ${out}`);
    const means = macroMeans(results);
    const shown = given['per-query'] ? results : results.map(withoutQueries);
    if (given.json) {
      const money = prices && { prices, money: results.map((result) => moneyOf(result, prices)) };
      console.log(JSON.stringify({ results: shown, ...(means.length > 0 && { means }), out, ...money }));
      return;
    }
    const parts = [
      tables(results),
      ...macroTables(means),
      ...approximateTables(results),
      ...rewritingTables(results),
      ...effortTables(results, prices),
    ];
    console.log([...(given['per-query'] ? [queryTables(results)] : []), ...parts].join('\n\n'));
  },
};

type Evaluated = { readonly results: readonly Result[]; readonly out: string | null };

async function scoreFiles(given: EvalArguments): Promise<Evaluated> {
  if (given.models.length > 0) {
    const got = given.models.join(' ');
    throw new Fault(
      `Expected models or --run for eval, got both --run and ${got}. Name a run beside models as one of them.`,
    );
  }
  const { 'run-form': runForm, out = null } = given;
  const [metrics, scoring] = [metricsOf(given.metrics), scoringOf(given)];
  const results = scoreRuns(given.run, await judgementsOf(given), { metrics, scoring, out, runForm, onNote: say });
  return { results, out };
}

async function rankAndScore(given: EvalArguments): Promise<Evaluated> {
  const runFolder = given.models.find((model) => lastCheckpoint(model) && existsSync(join(model, 'plan.yaml')));
  const planFile = given.plan ?? (runFolder && join(runFolder, 'plan.yaml'));
  const plan = planFile ? readPlan(planFile) : null;
  const sets = setsOf(given, plan);
  const [metrics, scoring] = [metricsOf(given.metrics, plan?.eval.metrics ?? reportedOf(sets)), scoringOf(given)];
  const out = given.out ?? (runFolder ? join(runFolder, 'results') : null);
  const [{ evaluateModels }, { isEncoder }, { openRewriting }] = await Promise.all([
    import('../eval/evaluate.js'),
    import('../eval/system.js'),
    import('../eval/rewrite/open-rewriting.js'),
  ]);
  if (given.models.some(isEncoder)) {
    const { useBackend } = await import('../tensor/backend.js');
    await useBackend(given.backend);
  }
  const { models, 'run-form': runForm, precision } = given;
  const chunk = given.chunk === undefined ? null : wholeNumber('--chunk', given.chunk);
  const pool =
    given.pool === undefined ? null : { file: given.pool, depth: wholeNumber('--depth', given.depth ?? 1000) };
  const rewriting = given.rewrite === undefined ? null : openRewriting(given.rewrite, say);
  const search = given.search ?? plan?.eval.search ?? 'exact';
  const how = { chunk, pool, rewriting, precision, search, keep: given.index ?? null };
  const marking = { metrics, scoring, out, runForm };
  return {
    results: await evaluateModels({ models, sets, ...marking, ...how, onProgress: progress, onNote: say }),
    out,
  };
}

function setsOf({ set, split }: EvalArguments, plan: RunPlan | null): EvalSetPlan[] {
  if (set.length > 0) return set.map((path) => ({ path, split }));
  if (plan && plan.eval.sets.length > 0) return plan.eval.sets;
  throw new Fault(
    'Expected a set to evaluate on, got none. Name a folder in BEIR layout with --set, or a plan with eval.sets.',
  );
}

/** What the authors of presets report, if there are only presets. */
function reportedOf(sets: readonly EvalSetPlan[]): readonly string[] | undefined {
  if (!sets.every(({ path }) => isPreset(path))) return undefined;
  return [...new Set(sets.flatMap(({ path }) => presetsOf(path).flatMap(({ metrics }) => metrics)))];
}

function scoringOf({ complete, 'relevant-from': grade, depth, run }: EvalArguments): Scoring {
  const scoring = { complete, relevantFrom: wholeNumber('--relevant-from', grade) };
  return depth === undefined || run.length === 0 ? scoring : { ...scoring, depth: wholeNumber('--depth', depth) };
}

function moneyOf(result: Result, prices: Prices) {
  return {
    system: result.system,
    set: titleOf(result),
    per1000Queries: queryCost(result, prices)?.money,
    index: indexCost(result, prices),
  };
}

function withoutQueries({ perQuery: _, pool, ...rest }: Result) {
  if (!pool) return rest;
  const { perQuery: __, ...poolRest } = pool;
  return { ...rest, pool: poolRest };
}
