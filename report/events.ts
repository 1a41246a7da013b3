import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { Fault, reasonOf } from '../plan/fault.js';

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

/** One optimizer step of a run: a line of its events.jsonl. `seconds` are since the start; `tokens` are of this step. */
export type StepEvent = z.output<typeof stepSchema>;

/**
 * The steps of a run folder, in order. A last line cut short by a crash is left out; where a run was continued from an
 * earlier checkpoint, the steps it did again replace the first ones.
 */
export function readEvents(runFolder: string): StepEvent[] {
  const file = join(runFolder, 'events.jsonl');
  const lines = readText(file).split('\n');
  const events: StepEvent[] = [];
  lines.forEach((line, index) => {
    if (line.trim() === '') return;
    const event = parse(line);
    if (typeof event === 'string') {
      if (index === lines.length - 1) return;
      throw new Fault(
        `${file}:${index + 1} expected a step such as {"step":1,"loss":2.3,…}, got ${event}. Remove or mend the line.`,
      );
    }
    while (events.length > 0 && (events.at(-1)?.step ?? 0) >= event.step) events.pop();
    events.push(event);
  });
  return events;
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const got = code === 'ENOENT' || code === 'ENOTDIR' ? 'no such file' : reasonOf(error);
    throw new Fault(
      `Expected the steps of a run for ${file}, got ${got}. Name a run folder that \`reasontune train\` wrote.`,
    );
  }
}

/** The step a line holds, or what is wrong with it. */
function parse(line: string): StepEvent | string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return `text that is not JSON: ${JSON.stringify(line.slice(0, 60))}`;
  }
  const result = stepSchema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  return issue && issue.path.length > 0 ? `a wrong or missing "${issue.path.join('.')}"` : 'another kind of value';
}
