import { closeSync, fstatSync, openSync, readSync, type Stats, statSync } from 'node:fs';
import { basename } from 'node:path';
import { lockFile, writerOf } from '../../plan/run-layout.js';
import type { RunRow, RunState } from '../protocol.js';
import type { ToldRun } from '../sweeps/records.js';
import { planIn } from './detail.js';
import type { FoundRun } from './find.js';
import { type Glance, glanceAt } from './glance.js';
import { type Marks, marksOf } from './results.js';
import { lastStep, losses } from './sample.js';

interface Seen<T> {
  readonly stamp: string;
  readonly value: T;
}

/** What is shown of runs in the table. Each file is read again only where its size or its time of change is another. */
export class Rows {
  readonly #seen = new Map<string, Seen<unknown>>();

  /**
   * A run's row: the very same object where nothing changed.
   *
   * @param told what the sweep that it belongs to says of it
   */
  read({ id, folder }: FoundRun, told?: ToldRun): RunRow {
    const [planFile, eventsFile] = [folder.file('plan.yaml'), folder.file('events.jsonl')];
    const [planStat, eventsStat] = [statOf(planFile), statOf(eventsFile)];
    const marks = marksOf(folder);
    const writing = folder.has(lockFile) && writerOf(folder.path) !== null;
    const changed = Math.max(...[planStat, eventsStat].map(timeOf));
    const said = told && sayingOf(told, writing, changed);
    const stamp = [stampOf(planStat), stampOf(eventsStat), marks.stamp, writing, said?.state, said?.reason].join(' ');
    return this.#once(id, stamp, () => {
      const plan = this.#once(`${id}/plan`, stampOf(planStat), () => glanceAt(planIn(planFile, id)));
      const events = this.#once(`${id}/events`, stampOf(eventsStat), () => lookAtEvents(eventsFile));
      return rowOf({ id, plan, events, marks, writing, said, changed });
    });
  }

  /** Forgets what is not there any more. */
  keep(ids: ReadonlySet<string>): void {
    for (const key of this.#seen.keys())
      if (!ids.has(key.replace(/\/(plan|events)$/, '')) && !ids.has(key)) this.#seen.delete(key);
  }

  #once<T>(key: string, stamp: string, make: () => T): T {
    const seen = this.#seen.get(key) as Seen<T> | undefined;
    if (seen?.stamp === stamp) return seen.value;
    const value = make();
    this.#seen.set(key, { stamp, value });
    return value;
  }
}

interface Parts {
  readonly id: string;
  readonly plan: Glance;
  readonly events: Events;
  readonly marks: Marks;
  readonly writing: boolean;
  readonly said: Saying | undefined;
  readonly changed: number;
}

type Saying = Pick<ToldRun, 'state' | 'reason'>;

// An evaluation tells nothing while it goes on; a sweep that was killed says for ever that its run is running.
const RECENT = 10 * 60_000;

/**
 * What a sweep knows of a run beyond the run's own files: that it is done, failed or was given up, and that it runs where no process
 * of this machine writes to it, as while it is evaluated or on another node. Nothing where the files are newer.
 */
function sayingOf({ state, reason, changed }: ToldRun, writing: boolean, files: number): Saying | undefined {
  if (writing) return undefined;
  if (state === 'running') return Date.now() - Math.max(changed, files) < RECENT ? { state, reason } : undefined;
  const ended = state === 'done' || state === 'failed' || state === 'halved';
  return ended && changed >= files ? { state, reason } : undefined;
}

function rowOf({ id, plan, events, marks, writing, said, changed }: Parts): RunRow {
  const textAt = (path: string): string => plan.values(path)[0] ?? '';
  const numberAt = (path: string): number | null => {
    const text = textAt(path);
    return text !== '' && Number.isFinite(Number(text)) ? Number(text) : null;
  };
  const total = Number(/^(\d+) steps?$/.exec(textAt('train.duration'))?.[1] ?? Number.NaN);
  const step = events.last?.step ?? null;
  return {
    id,
    state: said?.state ?? stateOf(writing, step, Number.isNaN(total) ? null : total),
    step,
    total: Number.isNaN(total) ? null : total,
    loss: events.last?.loss ?? null,
    spark: events.spark,
    tokensPerSecond: events.last?.tokens_per_s ?? null,
    seconds: events.last?.seconds ?? null,
    changed,
    base: basename(textAt('model.base')),
    sources: plan.values('data.sources.name').join(', '),
    batch: numberAt('train.batch_size'),
    rate: numberAt('train.optimizer.learning_rate'),
    seed: numberAt('seed'),
    hash: plan.hash,
    sets: plan.values('eval.sets.path'),
    scores: marks.scores,
    notes: [...(said?.reason ? [said.reason] : []), ...marks.notes],
  };
}

function stateOf(writing: boolean, step: number | null, total: number | null): RunState {
  if (writing) return 'running';
  if (step === null) return 'waiting';
  if (total === null) return 'ended';
  return step >= total ? 'done' : 'stopped';
}

interface Events {
  readonly last: ReturnType<typeof lastStep>;
  readonly spark: readonly (number | null)[];
}

const scratch = Buffer.allocUnsafe(1 << 18);

function lookAtEvents(file: string | null): Events {
  if (file === null) return { last: null, spark: [] };
  const handle = openSync(file, 'r');
  try {
    const { size } = fstatSync(handle);
    // One reading of a few dozen pages takes less than dozens of readings of one.
    const whole = size <= scratch.length ? readSync(handle, scratch, 0, size, 0) : null;
    const read = (from: number, length: number): string => {
      if (whole !== null) return scratch.toString('latin1', from, Math.min(whole, from + length));
      return scratch.toString('latin1', 0, readSync(handle, scratch, 0, Math.min(length, scratch.length), from));
    };
    return { last: lastStep(read, size), spark: losses(read, size) };
  } finally {
    closeSync(handle);
  }
}

function statOf(file: string | null): Stats | undefined {
  const found = file === null ? undefined : statSync(file, { throwIfNoEntry: false });
  return found?.isFile() ? found : undefined;
}

function stampOf(found: Stats | undefined): string {
  return found ? `${found.ino} ${found.size} ${found.mtimeMs}` : '';
}

function timeOf(found: Stats | undefined): number {
  return found?.mtimeMs ?? 0;
}
