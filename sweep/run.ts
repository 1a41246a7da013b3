import type { SweepRecord } from '../plan/sweep/record.js';
import type { Sweep } from '../plan/sweep/sweep.js';
import { type Placed, placeRuns, writePlans } from './layout.js';
import { Ledger } from './ledger.js';
import { type Local, runHere, unfinished } from './local.js';
import type { Scored, Scores } from './on-disk.js';
import { runCommand } from './process.js';
import { baselineScores, basesOf, sharedCommands } from './shared.js';
import { runOnSlurm } from './slurm.js';
import { workersOf } from './workers.js';

export interface SweepResult {
  readonly variants: readonly { readonly name: string; readonly scores: readonly Scores[] }[];
  /** BM25 and the models before training. */
  readonly baselines: readonly { readonly name: string; readonly scores: Scores }[];
  readonly failed: readonly { readonly run: string; readonly reason: string }[];
  readonly interrupted: boolean;
  readonly record: SweepRecord;
}

export interface SweepOptions extends Local {
  readonly folder: string;
  readonly launcher: 'local' | 'slurm';
}

/**
 * Trains and evaluates every variant with every seed, each as processes of their own in a folder named by the plan's
 * hash. What is done is not repeated, what was stopped goes on, what fails is reported while the others go on; what runs
 * share is made once, before them.
 */
export async function runSweep(sweep: Sweep, options: SweepOptions): Promise<SweepResult> {
  const { folder, stopped } = options;
  const placed = placeRuns(folder, sweep);
  writePlans(placed);
  const ledger = new Ledger(folder, sweep, placed);
  const failed: { run: string; reason: string }[] = [];
  if (options.launcher === 'slurm') {
    failed.push(...(await runOnSlurm(ledger, options)));
  } else {
    failed.push(...(await shareHere(ledger, options)));
    if (!stopped()) await runHere(ledger, options);
  }
  // Nothing is left to do with what successive halving did not promote.
  if (sweep.halving && !stopped()) for (const one of ledger.in('stopped')) ledger.update(one, 'halved');
  const variants = sweep.variants.map(({ name }) => ({
    name,
    scores: placed
      .filter(({ run }) => run.variant === name)
      .map((one) => ledger.of(one).scores)
      .filter((scores) => scores !== undefined),
  }));
  return {
    variants: sweep.halving ? variants.filter(({ scores }) => scores.length > 0) : variants,
    baselines: ['bm25', ...basesOf(placed)]
      .map((model) => baselineScores(folder, model, placed[0]!.run.plan))
      .filter((scored): scored is Scored => scored !== null)
      .map(({ system: name, scores }) => ({ name, scores })),
    failed: [...failed, ...failures(ledger)],
    interrupted: stopped(),
    record: ledger.record,
  };
}

function failures(ledger: Ledger): { run: string; reason: string }[] {
  return ledger
    .in('failed')
    .map((one: Placed) => ({ run: one.folder, reason: ledger.of(one).reason ?? 'no reason given' }));
}

/** Makes on this machine what runs share, one after the other, with all its threads. */
async function shareHere(
  ledger: Ledger,
  { main, folder, stopped, say }: SweepOptions,
): Promise<{ run: string; reason: string }[]> {
  const failed: { run: string; reason: string }[] = [];
  const { devices } = ledger.sweep;
  const [worker] = workersOf({ parallel: 1, devices });
  for (const { name, args, done } of sharedCommands(folder, ledger.placed, unfinished(ledger))) {
    if (stopped()) break;
    if (done()) continue;
    const { code, reason } = await runCommand({ main, args, env: worker!.env, say: (line) => say(`${name}: ${line}`) });
    // Runs that need what could not be made say so themselves.
    if (code !== 0 && code !== 130 && args[0] === 'eval') failed.push({ run: name, reason });
  }
  return failed;
}
