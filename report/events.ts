import { join } from 'node:path';
import { z } from 'zod';
import { Fault, reasonOf } from '../plan/fault.js';
import { eachLine } from './lines.js';

// JSON has no NaN and no Infinity: a loss that diverged is written as null.
const measured = z
  .number()
  .nullable()
  .transform((value) => value ?? Number.NaN);

const stepSchema = z.object({
  step: z.int().nonnegative(),
  loss: measured,
  grad_norm: measured,
  lr: z.number(),
  tokens: z.number(),
  tokens_per_s: measured,
  seconds: z.number(),
  source: z.string().optional(),
});

/** One optimizer step of a run: a line of its events.jsonl. `seconds` are since the process began; `tokens` are of this step. */
export type StepEvent = z.output<typeof stepSchema>;

const evaluationSchema = z.object({
  step: z.int().nonnegative(),
  set: z.string(),
  split: z.string().optional(),
  /** Measure → mean over the set's queries. */
  metrics: z.record(z.string(), measured),
});

/** The model in training, scored on one set after so many steps: a line {"eval": {…}} of events.jsonl. */
export type EvaluationEvent = z.output<typeof evaluationSchema>;

/** What a run's events.jsonl tells, each in order of steps. */
export interface History {
  readonly steps: readonly StepEvent[];
  readonly evaluations: readonly EvaluationEvent[];
}

/** The steps of a run folder, in order: {@link readHistory}'s. */
export function readEvents(runFolder: string): StepEvent[] {
  return [...readHistory(runFolder).steps];
}

/**
 * Reads a run folder's events. A last line cut short by a crash is left out; where a run was continued from an earlier
 * checkpoint, what it did again replaces the first; lines of kinds that are not known here, {"kind": {…}}, are passed over.
 *
 * @throws Fault where there is no such file, or a line of it is none of these.
 */
export function readHistory(runFolder: string): History {
  const file = join(runFolder, 'events.jsonl');
  const steps: StepEvent[] = [];
  const evaluations: EvaluationEvent[] = [];
  const take = (line: string, number: number, last: boolean): void => {
    if (line.trim() === '') return;
    const event = parse(line);
    if (event === null) return;
    if (typeof event === 'string') {
      if (last) return;
      throw new Fault(
        `${file}:${number} expected a step such as {"step":1,"loss":2.3,…}, got ${event}. Remove or mend the line.`,
      );
    }
    if ('metrics' in event) {
      evaluations.push(event);
      return;
    }
    if (event.step <= (steps.at(-1)?.step ?? -1)) {
      while ((steps.at(-1)?.step ?? -1) >= event.step) steps.pop();
      while ((evaluations.at(-1)?.step ?? -1) >= event.step) evaluations.pop();
    }
    steps.push(event);
  };
  try {
    eachLine(file, take);
  } catch (error) {
    if (error instanceof Fault) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    const got = code === 'ENOENT' || code === 'ENOTDIR' ? 'no such file' : reasonOf(error);
    throw new Fault(
      `Expected the steps of a run for ${file}, got ${got}. Name a run folder that \`reasontune train\` wrote.`,
    );
  }
  return { steps, evaluations };
}

/** The event a line holds, null for one of another kind, or what is wrong with it. */
function parse(line: string): StepEvent | EvaluationEvent | string | null {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return `text that is not JSON: ${JSON.stringify(line.slice(0, 60))}`;
  }
  if (isPlainStep(value)) return value;
  if (!isObject(value)) return 'another kind of value';
  if (isObject(value.eval)) return checked(evaluationSchema, value.eval, 'eval.');
  const [only, ...more] = Object.values(value);
  if (!('step' in value) && isObject(only) && more.length === 0) return null;
  return checked(stepSchema, value, '');
}

function checked<T>(schema: z.ZodType<T>, value: unknown, within: string): T | string {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  return issue && issue.path.length > 0
    ? `a wrong or missing "${within}${issue.path.join('.')}"`
    : 'another kind of value';
}

const numbers = ['loss', 'grad_norm', 'lr', 'tokens', 'tokens_per_s', 'seconds'] as const;

/** Whether the schema would let it through as it is; a long run has a million, and the schema takes longer than JSON.parse. */
function isPlainStep(value: unknown): value is StepEvent {
  if (!isObject(value) || !Number.isInteger(value.step) || (value.step as number) < 0) return false;
  if (value.source !== undefined && typeof value.source !== 'string') return false;
  return numbers.every((key) => typeof value[key] === 'number');
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
