import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { Fault, reasonOf } from '../fault.js';
import { writeWhole } from '../whole-file.js';

const runState = z.enum([
  /** Nothing of it has begun. */
  'waiting',
  'running',
  /** Trained to its end and evaluated on every set. */
  'done',
  /** Successive halving stopped it at a rung; it is not in the comparison. */
  'halved',
  'failed',
  /** Begun, and the sweep was stopped; the next start goes on with it. */
  'stopped',
]);
export type RunState = z.output<typeof runState>;

const runRecord = z.object({
  /** Its name in the sweep; runs of one variant differ by their seeds. */
  variant: z.string(),
  seed: z.int().nonnegative(),
  /** The plan's hash. */
  hash: z.string(),
  /** Its run folder, within the sweep's folder. `results/` in it is what `eval` wrote, with every query's values. */
  folder: z.string(),
  state: runState,
  /** What went wrong, where it failed. */
  reason: z.string().optional(),
  /** Optimizer steps so far, their tokens, and the seconds that they took, evaluation left out; null before the first. */
  steps: z.int().nonnegative().nullable(),
  tokens: z.number().nullable(),
  seconds: z.number().nullable(),
  /** Dotted path → value: in what the variant differs from the sweep's plan. */
  settings: z.record(z.string(), z.unknown()),
  /** `pep test nDCG@10` → mean over the set's queries; where it is done. */
  scores: z.record(z.string(), z.number()).optional(),
  /** Successive halving's scores along the way, each after training so long (`20 steps`). */
  rungs: z.array(z.object({ duration: z.string(), score: z.number() })).optional(),
});
export type RunRecord = z.output<typeof runRecord>;

const sweepRecord = z.object({
  name: z.string(),
  /** What differences are tested against: a variant, or "base", the model before training; null where none was named. */
  baseline: z.string().nullable(),
  /** The models before training, by which `base` is meant. */
  bases: z.array(z.string()),
  /** Folder of BM25's and the bases' results, within the sweep's folder, laid out as a run's `results/`. */
  baselines: z.string(),
  /** Variant by variant in the plan's order, seed by seed. */
  runs: z.array(runRecord),
});

/** A sweep's `sweep.json`: which runs there are, where they lie, and how far each one is. */
export type SweepRecord = z.output<typeof sweepRecord>;

/** The file in a sweep's folder. */
export const sweepRecordFile = 'sweep.json';

/** Writes a sweep's record whole: a reader sees the old one or the new one. */
export function writeSweepRecord(folder: string, record: SweepRecord): void {
  writeWhole(join(folder, sweepRecordFile), `${JSON.stringify(record, null, 1)}\n`);
}

/** Reads a sweep folder's record. Throws a Fault where there is none, or it is another file. */
export function readSweepRecord(folder: string): SweepRecord {
  const file = join(folder, sweepRecordFile);
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new Fault(
      `Expected what \`reasontune sweep\` writes at ${file}, got ${reasonOf(error)}. Name a sweep's folder.`,
    );
  }
  const checked = sweepRecord.safeParse(value);
  if (checked.success) return checked.data;
  const at = checked.error.issues[0]?.path.join('.') || 'its top';
  throw new Fault(
    `Expected what \`reasontune sweep\` writes at ${file}, got another form at ${at}. Run the sweep again.`,
  );
}
