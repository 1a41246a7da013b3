import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { CommandModule } from 'yargs';
import type { Result } from '../eval/evaluate.js';
import { Fault } from '../plan/fault.js';
import { readPlan } from '../plan/read.js';
import { lastCheckpoint } from '../plan/run-layout.js';
import type { BackendName, EvalSetPlan, RunPlan } from '../plan/schema.js';
import { progress, say } from './progress.js';
import { tables } from './tables.js';

interface EvalArguments {
  models: string[];
  set: string[];
  split: string;
  metric: string[];
  plan: string | undefined;
  out: string | undefined;
  backend: BackendName;
  json: boolean;
}

/** `reasontune eval MODEL..`: rank whole corpora with one or more models, and score the rankings. */
export const evaluate: CommandModule<object, EvalArguments> = {
  command: 'eval <models..>',
  describe: 'rank whole corpora with one or more models, and score them',
  builder: (yargs) =>
    yargs
      .positional('models', {
        describe: 'bm25, a run folder, a checkpoint, a sentence-transformers folder, or a hub id',
        type: 'string',
        array: true,
        demandOption: true,
      })
      .option('set', {
        describe: 'folder in BEIR layout [the plan’s eval.sets]',
        type: 'string',
        array: true,
        default: [],
        requiresArg: true,
        nargs: 1,
      })
      .option('split', { describe: 'which judgements, with --set', type: 'string', default: 'test', requiresArg: true })
      .option('metric', {
        describe: 'nDCG@10, R@100, RR@10, … [the plan’s]',
        type: 'string',
        array: true,
        default: [],
        requiresArg: true,
        nargs: 1,
      })
      .option('plan', { describe: 'plan with an eval section [the run folder’s]', type: 'string', requiresArg: true })
      .option('out', {
        describe: 'folder for run files and results [the run folder’s results]',
        type: 'string',
        requiresArg: true,
      })
      .option('backend', { choices: ['auto', 'torch', 'torch:cuda:0', 'wasm'] as const, default: 'auto' as const })
      .option('json', { describe: 'print one JSON object', type: 'boolean', default: false })
      .example('$0 eval bm25 checkpoints/quickstart --set examples/scifact', 'one table, two rows'),
  handler: async (given) => {
    const runFolder = given.models.find((model) => lastCheckpoint(model) && existsSync(join(model, 'plan.yaml')));
    const planFile = given.plan ?? (runFolder && join(runFolder, 'plan.yaml'));
    const plan = planFile ? readPlan(planFile) : null;
    const sets = setsOf(given, plan);
    const metrics = given.metric.length > 0 ? given.metric : (plan?.eval.metrics ?? ['nDCG@10', 'R@100']);
    const out = given.out ?? (runFolder ? join(runFolder, 'results') : null);
    const { evaluateModels } = await import('../eval/evaluate.js');
    if (given.models.some((model) => model !== 'bm25')) {
      const { useBackend } = await import('../tensor/backend.js');
      await useBackend(given.backend);
    }
    const onProgress = (what: string, done: number, of: number): void =>
      progress(`${what}: ${done}/${of} texts`, done === of);
    const results = await evaluateModels({ models: given.models, sets, metrics, out, onProgress });
    if (out) say(`run files and results are in ${out}`);
    console.log(given.json ? JSON.stringify({ results: results.map(withoutQueries), out }) : tables(results));
  },
};

function setsOf({ set, split }: EvalArguments, plan: RunPlan | null): EvalSetPlan[] {
  if (set.length > 0) return set.map((path) => ({ path, split }));
  if (plan && plan.eval.sets.length > 0) return plan.eval.sets;
  throw new Fault(
    'Expected a set to evaluate on, got none. Name a folder in BEIR layout with --set, or a plan with eval.sets.',
  );
}

function withoutQueries({ perQuery: _, ...rest }: Result): Omit<Result, 'perQuery'> {
  return rest;
}
