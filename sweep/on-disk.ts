import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { isPreset, presetsOf } from '../data/presets/presets.js';
import { lastCheckpoint } from '../plan/run-layout.js';
import type { RunPlan } from '../plan/schema.js';
import type { Placed } from './layout.js';

// What train and eval left in folders: all that a sweep knows of a run.

/** A measure's values by set: `pep test nDCG@10` → 0.41. */
export type Scores = Readonly<Record<string, number>>;

const state = z.object({ step: z.int(), total: z.int().optional() });

/** The last checkpoint's state, where it is the whole run's last step; else null. */
function finishedState({ folder, run }: Placed): string | null {
  const last = lastCheckpoint(folder);
  const file = last === null ? '' : join(last, 'trainer', 'state.json');
  const { data } = state.safeParse(readJson(file));
  // Checkpoints of earlier versions do not tell the total; a duration in steps is one.
  const [, steps] = /^(\d+) steps?$/.exec(run.plan.train.duration) ?? [];
  const total = data?.total ?? Number(steps ?? Number.POSITIVE_INFINITY);
  return data && data.step >= total ? file : null;
}

/** Whether a run is trained to its end. */
export function isTrained(placed: Placed): boolean {
  return finishedState(placed) !== null;
}

/** What one system came to. */
export interface Scored {
  /** Its name in tables. */
  readonly system: string;
  readonly scores: Scores;
}

/** A finished run's scores on all its sets: null where it is not trained to its end, or not evaluated since. */
export function finishedScores(placed: Placed): Scores | null {
  const file = finishedState(placed);
  if (file === null) return null;
  const name = basename(placed.folder);
  const scored = scoresIn(
    join(placed.folder, 'results'),
    placed.run.plan.eval,
    ({ model }) => basename(model) === name,
    statSync(file).mtimeMs,
  );
  return scored?.scores ?? null;
}

const result = z.object({
  system: z.string(),
  model: z.string(),
  set: z.string(),
  split: z.string().optional(),
  metrics: z.record(z.string(), z.number()),
});
type Result = z.output<typeof result>;

/**
 * What a system came to in a folder of results; null unless it is there on every set, in every measure, and written no
 * earlier than `since` (milliseconds).
 */
export function scoresIn(
  folder: string,
  { sets, metrics }: Pick<RunPlan['eval'], 'sets' | 'metrics'>,
  isWanted: (found: Result) => boolean,
  since = 0,
): Scored | null {
  let system = '';
  const scores: Record<string, number> = {};
  for (const file of resultFiles(folder)) {
    const { data } = result.safeParse(readJson(file));
    if (!data || !isWanted(data) || statSync(file).mtimeMs < since) continue;
    system = data.system;
    for (const [measure, value] of Object.entries(data.metrics)) scores[`${data.set} ${data.split} ${measure}`] = value;
  }
  const wanted = titlesOf(sets).flatMap((title) => metrics.map((measure) => `${title} ${measure}`));
  if (!wanted.every((name) => Object.hasOwn(scores, name))) return null;
  return { system, scores: Object.fromEntries(wanted.map((name) => [name, scores[name] as number])) };
}

/** `pep test` for each set; a preset's name may stand for many. */
function titlesOf(sets: RunPlan['eval']['sets']): string[] {
  return sets.flatMap(({ name, path, split }) =>
    isPreset(path)
      ? presetsOf(path).map((preset) => `${basename(preset.name)} ${preset.part}`)
      : [`${name ?? basename(path)} ${split}`],
  );
}

function resultFiles(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.json') && !name.endsWith('.run.json'))
    .map((name) => join(folder, name));
}

const step = z.object({ step: z.int(), tokens: z.number(), seconds: z.number(), memory_mb: z.number().optional() });

/** What a run took so far. */
export interface Spent {
  readonly steps: number;
  readonly tokens: number;
  /** Of training, its start and evaluation left out. */
  readonly seconds: number;
  /** The most at once. */
  readonly memoryBytes: number | null;
}

/** Adds up a run's events; null where it has none. */
export function spentIn(run: string): Spent | null {
  const file = join(run, 'events.jsonl');
  if (!existsSync(file)) return null;
  let [steps, tokens, seconds, memory, before] = [0, 0, 0, 0, 0];
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const { data } = step.safeParse(parsed(line));
    if (!data) continue;
    steps = data.step;
    tokens += data.tokens;
    // Seconds are since the process began: after a stop they begin anew.
    seconds += data.seconds >= before ? data.seconds - before : data.seconds;
    before = data.seconds;
    memory = Math.max(memory, data.memory_mb ?? 0);
  }
  return steps === 0 ? null : { steps, tokens, seconds, memoryBytes: memory > 0 ? memory * 2 ** 20 : null };
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
