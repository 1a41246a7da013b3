import { join } from 'node:path';
import type { RunPlan } from '../plan/schema.js';
import type { Arguments } from './commands.js';
import { baselinesFolder, type Placed } from './layout.js';
import { type Scored, scoresIn } from './on-disk.js';

/** One command of the work that runs share, and what it is called. */
export interface SharedCommand {
  readonly name: string;
  readonly args: Arguments;
  /** Whether what it makes is there. */
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
