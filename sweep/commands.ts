import { basename, join } from 'node:path';
import type { RunPlan } from '../plan/schema.js';
import type { HalvingPlan } from '../plan/sweep/schema.js';
import type { Placed } from './layout.js';
import { isTrained, type Scores, scoresIn } from './on-disk.js';

/** Arguments of `reasontune`. */
export type Arguments = readonly string[];

/** Trains a run, from where it is, to its end or until some steps are done. */
export function trainArguments({ folder, plan }: Placed, stopAt?: string): Arguments {
  return ['train', plan, '--out', folder, '--resume', ...(stopAt === undefined ? [] : ['--stop-at', stopAt])];
}

/** Evaluates a run on the sweep's sets; its own plan may have been begun with others. */
function evalArguments({ folder, plan }: Placed): Arguments {
  return ['eval', folder, '--plan', plan];
}

/** What is left of a run: training, where it is not at its end, and evaluation. */
export function wholeRun(placed: Placed): Arguments[] {
  return [...(isTrained(placed) ? [] : [trainArguments(placed)]), evalArguments(placed)];
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
