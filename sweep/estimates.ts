import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { RunPlan } from '../plan/schema.js';
import type { Sweep } from '../plan/sweep/sweep.js';
import { type Placed, placeRuns, writePlan } from './layout.js';
import type { Local } from './local.js';
import { finishedScores, type Spent, spentIn } from './on-disk.js';
import { runCommand } from './process.js';
import { workersOf } from './workers.js';

/** What a run would take, and how that is known. */
export interface RunEstimate {
  readonly variant: string;
  readonly seed: number;
  readonly hash: string;
  readonly duration: string;
  /** `done`; how many steps it has done; `new`. */
  readonly state: string;
  /** Of training from its beginning; null where nothing is known. */
  readonly seconds: number | null;
  readonly memoryBytes: number | null;
  /** What that rests on, or why there is none. */
  readonly from: string;
}

/**
 * Lists every run with what it would take. It rests on finished runs of this sweep whose plans cost the same, and where
 * there is none on a step of four pairs, measured now with the threads that a run would have, once for all such plans.
 */
export async function estimateRuns(
  sweep: Sweep,
  folder: string,
  { main, stopped, say }: Local,
): Promise<RunEstimate[]> {
  const placed = placeRuns(folder, sweep);
  const [worker] = workersOf(sweep);
  const scratch = mkdtempSync(join(tmpdir(), 'reasontune-sweep-'));
  const known = new Map<string, Cost>();
  for (const [key, alike] of groupsOf(placed)) {
    const done = alike.filter(isDone).map(({ folder }) => spentIn(folder));
    const finished = done.filter((spent) => spent !== null);
    if (finished.length > 0) known.set(key, costOf(finished));
  }
  try {
    for (const [key, [first]] of groupsOf(placed)) {
      if (known.has(key) || !first || stopped()) continue;
      const plan = join(scratch, 'plan.yaml');
      writePlan(plan, first.run.plan);
      say(`measuring ${first.name}`);
      const args = ['train', plan, '--dry-run', '--json'];
      const { code, stdout, reason } = await runCommand({ main, args, env: worker!.env, say: () => {} });
      known.set(key, code === 0 ? measured(stdout) : { seconds: null, memoryBytes: null, from: reason });
    }
  } finally {
    rmSync(scratch, { recursive: true });
  }
  return placed.map((one) => {
    const { variant, seed, hash, plan } = one.run;
    const begun = spentIn(one.folder);
    const state = isDone(one) ? 'done' : begun ? `${begun.steps} steps` : 'new';
    const cost = known.get(costKey(plan)) ?? { seconds: null, memoryBytes: null, from: 'not measured' };
    return { variant, seed, hash, duration: plan.train.duration, state, ...cost };
  });
}

type Cost = Pick<RunEstimate, 'seconds' | 'memoryBytes' | 'from'>;

function costOf(finished: readonly Spent[]): Cost {
  const memory = finished.flatMap(({ memoryBytes }) => memoryBytes ?? []);
  return {
    seconds: finished.reduce((sum, { seconds }) => sum + seconds, 0) / finished.length,
    memoryBytes: memory.length > 0 ? Math.max(...memory) : null,
    from: `${finished.length} finished ${finished.length === 1 ? 'run' : 'runs'}`,
  };
}

const estimate = z.object({ seconds: z.number(), memoryBytes: z.number(), tokensPerSecond: z.number() });

function measured(stdout: string): Cost {
  const { seconds, memoryBytes, tokensPerSecond } = estimate.parse(JSON.parse(stdout));
  return { seconds, memoryBytes, from: `a short step, ${Math.round(tokensPerSecond).toLocaleString('en')} tokens/s` };
}

function isDone(placed: Placed): boolean {
  return finishedScores(placed) !== null;
}

function groupsOf(placed: readonly Placed[]): Map<string, Placed[]> {
  const groups = new Map<string, Placed[]>();
  for (const one of placed) {
    const key = costKey(one.run.plan);
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return groups;
}

/** A plan without what changes no step's cost. */
function costKey({ name: _name, seed: _seed, eval: _eval, train, loss, ...rest }: RunPlan): string {
  const { optimizer: _optimizer, schedule: _schedule, clip_norm: _clip, checkpoint: _checkpoint, ...steps } = train;
  const { temperature: _temperature, ...kind } = { temperature: null, ...loss };
  return JSON.stringify([rest, steps, kind]);
}
