import { rungsOf } from '../plan/sweep/rungs.js';
import type { HalvingPlan } from '../plan/sweep/schema.js';
import { type Arguments, finalScore, rungArguments, rungScore, trainArguments, wholeRun } from './commands.js';
import { nextClimb } from './halving.js';
import type { Placed } from './layout.js';
import type { Ledger } from './ledger.js';
import { finishedScores } from './on-disk.js';
import { runCommand } from './process.js';
import { type Job, type Worker, work, workersOf } from './workers.js';

export interface Local {
  /** The compiled command line. */
  readonly main: string;
  readonly stopped: () => boolean;
  readonly say: (line: string) => void;
}

/** Trains and evaluates what is not done, on this machine, as many at once as the sweep says. */
export async function runHere(ledger: Ledger, local: Local): Promise<void> {
  const { sweep } = ledger;
  const next = sweep.halving ? climbs(ledger, sweep.halving, local) : wholes(ledger, local);
  await work(workersOf(sweep), () => (local.stopped() ? null : next()));
}

/** Runs that may still have something to do; of those that halving stopped for good, none. */
export function unfinished(ledger: Ledger): Placed[] {
  const { halving } = ledger.sweep;
  const left = ledger.in('waiting', 'stopped');
  if (!halving || left.length === 0) return left;
  const rungs = rungsOf(halving, left[0]!.run.plan);
  return nextClimb(climbersOf(ledger, rungs, halving), rungs.length, halving.factor) ? left : [];
}

/** Each run to its end, in order. */
function wholes(ledger: Ledger, local: Local): () => Job | null {
  const queue = ledger.in('waiting', 'stopped');
  const all = queue.length;
  return () => {
    const placed = queue.shift();
    if (!placed) return null;
    const number = all - queue.length;
    return async (worker) => {
      local.say(`${placed.name}: run ${number} of ${all}`);
      await run(ledger, placed, wholeRun(placed), worker, local);
    };
  };
}

/** Successive halving: each run as far as its scores take it. */
function climbs(ledger: Ledger, halving: HalvingPlan, local: Local): () => Job | null {
  const { placed } = ledger;
  const rungs = rungsOf(halving, placed[0]!.run.plan);
  const climbers = climbersOf(ledger, rungs, halving);
  return () => {
    const climb = nextClimb(climbers, rungs.length, halving.factor);
    if (!climb) return null;
    const [one, climber] = [placed[climb.run]!, climbers[climb.run]!];
    const rung = rungs[climb.rung]!;
    climber.training = true;
    return async (worker) => {
      local.say(`${one.name}: to ${rung}, rung ${climb.rung + 1} of ${rungs.length}`);
      const last = climb.rung === rungs.length - 1;
      const commands = last ? wholeRun(one) : [trainArguments(one, rung), rungArguments(one, rung, halving)];
      const ended = await run(ledger, one, commands, worker, local);
      const scores = scoresSoFar(one, rungs, halving);
      const score = scores[climb.rung];
      if (score !== undefined) local.say(`${one.name}: ${halving.by} ${score.toFixed(3)} after ${rung}`);
      Object.assign(climber, { training: false, failed: !ended || score === undefined, scores });
    };
  };
}

function climbersOf({ placed }: Ledger, rungs: readonly string[], halving: HalvingPlan) {
  return placed.map((one) => ({ scores: scoresSoFar(one, rungs, halving), training: false, failed: false }));
}

/** A run's scores at the rungs from the first on, without a gap. */
function scoresSoFar(placed: Placed, rungs: readonly string[], halving: HalvingPlan): number[] {
  const scores: number[] = [];
  for (const [i, rung] of rungs.entries()) {
    const finished = i === rungs.length - 1 ? finishedScores(placed) : null;
    const score = finished
      ? finalScore(finished, placed, halving)
      : i < rungs.length - 1
        ? rungScore(placed, rung, halving)
        : null;
    if (score === null) break;
    scores.push(score);
  }
  return scores;
}

/** Runs a run's commands one after the other until one does not succeed, and writes down how it ended. */
async function run(
  ledger: Ledger,
  placed: Placed,
  commands: readonly Arguments[],
  { env }: Worker,
  { main, say }: Local,
): Promise<boolean> {
  ledger.update(placed, 'running');
  for (const args of commands) {
    const { code, reason } = await runCommand({ main, args, env, say: (line) => say(`${placed.name}: ${line}`) });
    if (code !== 0) {
      ledger.update(placed, code === 130 ? 'stopped' : 'failed', code === 130 ? undefined : reason);
      return false;
    }
  }
  const { state } = ledger.update(placed);
  const whole = commands.every((args) => !args.includes('--stop-at'));
  if (whole && state !== 'done')
    ledger.update(placed, 'failed', 'it ended well, but not with its last step and all results');
  return true;
}
