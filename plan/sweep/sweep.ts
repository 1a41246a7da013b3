import type { RunPlan } from '../schema.js';
import type { HalvingPlan, SlurmPlan } from './schema.js';

/** One training of a sweep; `plan.name` is `<sweep>-<variant>-seed<n>`. */
export interface SweepRun {
  readonly variant: string;
  readonly seed: number;
  readonly hash: string;
  readonly plan: RunPlan;
}

export interface Variant {
  readonly name: string;
  /** Dotted path → value: what it changes in the plan. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly runs: readonly SweepRun[];
}

/** A sweep: one plan, changed in many ways, each run with every seed. */
export interface Sweep {
  readonly name: string;
  readonly seeds: readonly number[];
  readonly variants: readonly Variant[];
  /** A variant or `base`, the model before training: what differences are tested against. */
  readonly baseline: string | null;
  /** How many runs at once; null where the sweep does not say. */
  readonly parallel: number | null;
  /** A device for each that runs at once; null for what the plan's backend says. */
  readonly devices: readonly string[] | null;
  readonly halving: HalvingPlan | null;
  readonly slurm: SlurmPlan;
}
