import { join } from 'node:path';
import { z } from 'zod';
import { Fault, reasonOf } from '../plan/fault.js';
import { eachLine, type Line } from './lines.js';
import { columns, scanStep } from './step-line.js';
import { Steps } from './steps.js';

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
  memory_mb: z.number().optional().catch(undefined),
  source: z.string().optional(),
});

const evaluationSchema = z.object({
  step: z.int().nonnegative(),
  set: z.string(),
  split: z.string().optional(),
  /** Measure → mean over the set's queries. */
  metrics: z.record(z.string(), measured),
});

/** The model in training, scored on one set after so many steps: a line {"eval": {…}} of events.jsonl. */
export type EvaluationEvent = z.output<typeof evaluationSchema>;

/** What a run's events.jsonl tells, each in order of steps. `seconds` are since a process began; `tokens` are of the step. */
export interface History {
  readonly steps: Steps;
  readonly evaluations: readonly EvaluationEvent[];
}

/**
 * Reads a run folder's events. A last line cut short by a crash is left out; where a run was continued from an earlier
 * checkpoint, what it did again replaces the first; lines of kinds that are not known here, {"kind": {…}}, are passed over.
 *
 * @throws Fault where there is no such file, or a line of it is none of these.
 */
export function readHistory(runFolder: string): History {
  const file = join(runFolder, 'events.jsonl');
  const steps = new Steps();
  const evaluations: EvaluationEvent[] = [];
  const source = sourceNumbers(steps.sources);
  const [values, text] = [new Float64Array(columns.length), { start: 0, end: 0 }];
  const add = (number: number): void => {
    const step = values[0] as number;
    while (step <= steps.last && (evaluations.at(-1)?.step ?? -1) >= step) evaluations.pop();
    steps.push(values, number);
  };
  const take = ({ bytes, start, end, number, last }: Line): void => {
    // What is no number there, or is missing, may be a fault.
    if (scanStep(bytes, start, end, values, text) && needed.every((at) => !Number.isNaN(values[at]))) {
      add(source(bytes.subarray(text.start, text.end)));
      return;
    }
    const event = parse(bytes.toString('utf8', start, end));
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
    for (const [at, name] of columns.entries()) values[at] = event[name] ?? Number.NaN;
    add(source(Buffer.from(event.source ?? '')));
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

/** The columns that every step has; memory was not always written. */
const needed = columns.flatMap((name, at) => (name === 'memory_mb' ? [] : [at]));

/** Numbers names in the order in which they come, and adds them to a list; most often the last one comes again. */
export function sourceNumbers(names: string[], most = Number.POSITIVE_INFINITY): (name: Buffer) => number {
  let [last, number] = [Buffer.alloc(0), -1];
  return (name) => {
    if (number >= 0 && last.equals(name)) return number;
    const text = name.toString('utf8');
    const known = names.indexOf(text);
    if (known < 0 && names.length >= most) return names.length - 1;
    number = known >= 0 ? known : names.push(text) - 1;
    last = Buffer.from(name);
    return number;
  };
}

/** The event a line holds, null for one of another kind, or what is wrong with it. */
function parse(line: string): z.output<typeof stepSchema> | EvaluationEvent | string | null {
  if (line.trim() === '') return null;
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return `text that is not JSON: ${JSON.stringify(line.slice(0, 60))}`;
  }
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

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
