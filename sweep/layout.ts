import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { sweepRunName } from '../plan/run-layout.js';
import type { RunPlan } from '../plan/schema.js';
import type { Sweep, SweepRun } from '../plan/sweep/sweep.js';

/** A run of a sweep, and where it lies. */
export interface Placed {
  readonly run: SweepRun;
  /** `vl-seed1`: what it is called in the sweep. */
  readonly name: string;
  readonly folder: string;
  /** Its whole plan as a file. */
  readonly plan: string;
}

/**
 * Each run's folder in the sweep's: `<variant>-seed<n>-<hash>`, or whichever is there with that hash, since what was
 * trained is what the hash names, and a variant may be called otherwise by now.
 */
export function placeRuns(folder: string, { variants }: Sweep): Placed[] {
  const there = existsSync(folder) ? readdirSync(folder) : [];
  return variants.flatMap(({ runs }) =>
    runs.map((run) => {
      const name = sweepRunName(run);
      const own = there.find((other) => other.endsWith(`-${run.hash}`)) ?? `${name}-${run.hash}`;
      return { run, name, folder: join(folder, own), plan: join(folder, 'plans', `${name}.yaml`) };
    }),
  );
}

/** Writes each run's plan as a file that `train` and `eval` can read. */
export function writePlans(placed: readonly Placed[]): void {
  for (const { run, plan } of placed) writePlan(plan, run.plan);
}

export function writePlan(file: string, plan: RunPlan): void {
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, stringify(plan));
}

/** Where BM25's and the untouched models' results are. */
export const baselinesFolder = 'baselines';
