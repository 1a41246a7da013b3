import { basename, join } from 'node:path';
import type { RunPlan } from '../plan/schema.js';
import type { HalvingPlan } from '../plan/sweep/schema.js';
import { baselinesFolder, type Placed } from './layout.js';
import { type Scored, type Scores, scoresIn } from './on-disk.js';

/** Arguments of `reasontune`. */
export type Arguments = readonly string[];

/** Trains a run, from where it is, to its end or until some steps are done. */
export function trainArguments({ folder, plan }: Placed, stopAt?: string): Arguments {
  return ['train', plan, '--out', folder, '--resume', ...(stopAt === undefined ? [] : ['--stop-at', stopAt])];
}

/** Evaluates a run on the sweep's sets; its own plan may have been begun with others. */
export function evalArguments({ folder, plan }: Placed): Arguments {
  return ['eval', folder, '--plan', plan];
}

/** Evaluates a run at a rung of successive halving, beside its results. */
export function rungArguments(placed: Placed, rung: string, halving: HalvingPlan): Arguments {
  const { folder, plan, run } = placed;
  const [set] = rungSets(run.plan, halving);
  const where = halving.set === undefined || !set ? ['--plan', plan] : ['--set', set.path, '--split', set.split];
  return ['eval', folder, ...where, '--metrics', halving.by, '--out', rungFolder(folder, rung)];
}

/** A run's score at a rung: the mean over the sets that halving goes by; null where it was not evaluated there. */
export function rungScore({ folder, run }: Placed, rung: string, halving: HalvingPlan): number | null {
  // `--set` calls a set by its folder.
  const sets = rungSets(run.plan, halving).map((set) =>
    halving.set === undefined ? set : { ...set, name: undefined },
  );
  const isRun = ({ model }: { model: string }): boolean => basename(model) === basename(folder);
  const scored = scoresIn(rungFolder(folder, rung), { sets, metrics: [halving.by] }, isRun);
  return scored && meanOf(scored.scores, halving.by);
}

/** The same of a finished run. */
export function finalScore(scores: Scores, { run }: Placed, halving: HalvingPlan): number {
  const names = rungSets(run.plan, halving).map(({ name, path }) => name ?? basename(path));
  const own = Object.entries(scores).filter(
    ([key]) => halving.set === undefined || names.includes(key.split(' ', 1)[0]!),
  );
  return meanOf(Object.fromEntries(own), halving.by);
}

function rungSets({ eval: { sets } }: RunPlan, { set }: HalvingPlan): RunPlan['eval']['sets'] {
  return set === undefined ? sets : sets.filter(({ name, path }) => (name ?? basename(path)) === set);
}

function meanOf(scores: Scores, measure: string): number {
  const values = Object.entries(scores).flatMap(([key, value]) => (key.endsWith(` ${measure}`) ? [value] : []));
  return values.reduce((a, b) => a + b, 0) / values.length;
}

function rungFolder(run: string, rung: string): string {
  return join(run, 'rungs', rung.replace(' ', '-'));
}

/** One command of the work that runs share, and what it is called. */
export interface SharedCommand {
  readonly name: string;
  readonly args: Arguments;
  /** What there is to be had from it; null until then. */
  readonly done: () => boolean;
}

/**
 * What runs would otherwise each do for themselves: tokens and BM25 rankings in the cache, mined negatives in their
 * files, once for each plan that differs in what these are made from; and BM25's and the untouched models' evaluation.
 */
export function sharedCommands(folder: string, all: readonly Placed[], waiting: readonly Placed[]): SharedCommand[] {
  const never = (): boolean => false;
  const caches = distinct(waiting, ({ data, model }) => {
    const { sources, faults, negatives } = data;
    return [
      sources.map(textsOf),
      faults,
      negatives.from === 'bm25' && [negatives.ranks, negatives.per_query > 0],
      tokensOf(model),
    ];
  }).map(({ name, plan }) => ({ name: `cache for ${name}`, args: ['data', 'cache', plan], done: never }));
  const mining = waiting.filter(
    ({ run }) => run.plan.data.negatives.from === 'mined' && run.plan.data.negatives.per_query > 0,
  );
  const mined = distinct(mining, ({ data }) => [data.sources.map(textsOf), data.faults, data.mining]).map(
    ({ name, plan }) => ({
      name: `mining for ${name}`,
      args: ['data', 'mine', plan],
      done: never,
    }),
  );
  return [...caches, ...mined, ...baselineCommands(folder, all)];
}

/** The models before training, by the names that plans give them; one of random weights is none. */
export function basesOf(all: readonly Placed[]): string[] {
  return [...new Set(all.map(({ run }) => run.plan.model.base))].filter((base) => !base.startsWith('random:'));
}

/** A baseline's scores, where they are there. */
export function baselineScores(folder: string, model: string, plan: RunPlan): Scored | null {
  return scoresIn(join(folder, baselinesFolder), plan.eval, (found) => found.model === model);
}

function baselineCommands(folder: string, all: readonly Placed[]): SharedCommand[] {
  const [first] = all as [Placed];
  return ['bm25', ...basesOf(all)].map((model) => ({
    name: model,
    args: ['eval', model, '--plan', first.plan, '--out', join(folder, baselinesFolder)],
    done: () => baselineScores(folder, model, first.run.plan) !== null,
  }));
}

/** The first run of each kind. */
function distinct(placed: readonly Placed[], kind: (plan: RunPlan) => unknown): Placed[] {
  const first = new Map<string, Placed>();
  for (const one of placed) {
    const key = JSON.stringify(kind(one.run.plan));
    if (!first.has(key)) first.set(key, one);
  }
  return [...first.values()];
}

type SourcePlan = RunPlan['data']['sources'][number];

/** A source without what only mixes it. */
function textsOf({ weight: _weight, count: _count, bands: _bands, ...texts }: SourcePlan) {
  return texts;
}

function tokensOf({ base, max_length, prompt }: RunPlan['model']) {
  return [base, max_length, prompt];
}
