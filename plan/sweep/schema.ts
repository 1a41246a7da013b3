import { z } from 'zod';
import { duration } from '../duration.js';
import { measure } from '../schema.js';

// The keys that a sweep has besides a plan's own.

/** A plan file under this one; and as a baseline, the model before training. */
export const BASE = 'base';

const count = z.int().positive();

const numbers = z.tuple([z.number(), z.number()]);

/** Where a searched value is drawn from; one of the three. */
const range = z
  .strictObject({
    uniform: numbers.optional(),
    /** Even in the logarithm: for rates and temperatures. */
    log_uniform: numbers.optional(),
    choices: z.array(z.unknown()).min(1).optional(),
  })
  .superRefine(({ uniform, log_uniform, choices }, context) => {
    const refuse = (message: string, ...path: string[]): void =>
      context.addIssue({ code: 'custom', message, path, continue: true });
    const given = [uniform, log_uniform, choices].filter((one) => one !== undefined).length;
    if (given !== 1) {
      refuse(`expected one of uniform, log_uniform and choices, got ${given === 0 ? 'none' : given}. Write one.`);
    }
    for (const [key, bounds] of Object.entries({ uniform, log_uniform })) {
      if (!bounds) continue;
      const [low, high] = bounds;
      if (!(low < high))
        refuse(`expected [low, high], got [${low}, ${high}], an empty range. Put the lower first.`, key);
      if (key === 'log_uniform' && low <= 0) refuse(`expected bounds above 0, got ${low}. Use uniform.`, key);
    }
  });

/** Random search: so many variants, their values drawn from ranges. */
const search = z.strictObject({
  runs: count,
  /** Of the draw; draw i stays what it is when `runs` grows. */
  seed: z.int().nonnegative().default(17),
  over: z.record(z.string(), range),
});

/** Successive halving (ASHA, Li et al. 2018): all train a little, the best 1/factor of them further, and so on. */
const halving = z.strictObject({
  /** The measure by which runs are promoted. */
  by: measure,
  /** The eval set that it is taken on, by its name; all sets' mean where it is left out. */
  set: z.string().min(1).optional(),
  /** What every run trains before the first comparison, in train.duration's unit. */
  first: duration,
  factor: z.int().min(2).default(3),
});

/** sbatch's own long options, as `partition: gpu`. */
const slurm = z.record(
  z.string().regex(/^[a-z][a-z-]*$/, 'an option of sbatch such as "partition"'),
  z.union([z.string().regex(/^[^\n\r]*$/), z.number(), z.boolean()]),
);

/** A GPU; the k-th that the machine shows to this process. */
const device = z.string().regex(/^torch:cuda:\d+$/, 'a device such as "torch:cuda:1"');

export const sweepSchema = z
  .strictObject({
    seeds: z.array(z.int().nonnegative()).min(1),
    variants: z.record(z.string(), z.record(z.string(), z.unknown())).optional(),
    axes: z.record(z.string(), z.unknown()).optional(),
    search: search.optional(),
    halving: halving.optional(),
    /** A variant, or "base": what differences are tested against. */
    baseline: z.string().optional(),
    /** How many runs at once on this machine; its threads are divided among them. */
    parallel: count.optional(),
    /** Or a device for each that runs at once. */
    devices: z.array(device).min(1).optional(),
    slurm: slurm.optional(),
  })
  .superRefine(({ parallel, devices }, context) => {
    if (parallel === undefined || devices === undefined) return;
    const message = 'expected parallel or devices, got both. Name a device twice for two runs on it.';
    context.addIssue({ code: 'custom', message, path: ['parallel'] });
  });

export type SweepKeys = z.output<typeof sweepSchema>;
export type HalvingPlan = NonNullable<SweepKeys['halving']>;
export type RangePlan = z.output<typeof range>;
export type SlurmPlan = NonNullable<SweepKeys['slurm']>;

/** What makes a file a sweep of plans and not one plan. */
export const sweepKeys: readonly string[] = Object.keys(sweepSchema.shape);
