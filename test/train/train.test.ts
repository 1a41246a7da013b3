import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readSafetensors } from '../../encoder/safetensors.js';
import { checkpointsIn } from '../../plan/run-layout.js';
import type { RunPlan } from '../../plan/schema.js';
import { readHistory } from '../../report/events.js';
import { liveTensors, useBackend } from '../../tensor/backend.js';
import type { Hook } from '../../train/loop.js';
import { type Trained, train } from '../../train/train.js';
import { backends } from '../support/backends.js';
import { readPlanText } from '../support/plan.js';
import { tinyPlan, writeTinyCollection, writeTinyModel } from '../support/tiny.js';

let scratch: string;
let model: string;
let collection: string;
let run: string;
let runs = 0;

beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'reasontune-train-'));
  model = writeTinyModel(join(scratch, 'model'));
  collection = writeTinyCollection(join(scratch, 'collection'));
});
afterAll(() => rmSync(scratch, { recursive: true }));
beforeEach(() => {
  run = join(scratch, `run-${runs++}`);
});

function plan(more = ''): RunPlan {
  return readPlanText(tinyPlan(model, collection, more));
}

interface Options {
  readonly resume?: boolean;
  readonly stopAfter?: number;
  readonly stopAt?: string;
  readonly hooks?: Hook[];
}

function go(
  given: RunPlan,
  folder: string,
  { resume = false, stopAfter = Number.POSITIVE_INFINITY, stopAt, hooks = [] }: Options = {},
): Promise<Trained> {
  let steps = 0;
  const stopped = (): boolean => ++steps >= stopAfter;
  return train(given, { folder, resume, stopAt, stopped, hooks, say: () => {} });
}

function losses(folder: string): number[] {
  return [...readHistory(folder).steps.column('loss')];
}

describe.each(backends)('training on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  it('lowers the loss and writes what a run folder holds', async () => {
    const done = await go(plan(`backend: ${backend}`), run);
    expect(done).toMatchObject({ step: 8, total: 8, checkpoint: join(run, 'step-000008') });
    expect(readdirSync(run).sort()).toEqual(['events.jsonl', 'plan.yaml', 'step-000006', 'step-000008']);
    const steps = losses(run);
    expect(steps).toHaveLength(8);
    expect(steps.at(-1)).toBeLessThan(steps[0] as number);
    for (const name of [
      'model.safetensors',
      'config.json',
      'tokenizer.json',
      'modules.json',
      '1_Pooling/config.json',
      'README.md',
      'trainer/state.json',
    ]) {
      expect(existsSync(join(done.checkpoint, name)), name).toBe(true);
    }
  });

  it.each([2, 5])(
    'stopped after step %i and resumed, it is bit for bit the run that never stopped',
    async (stopAfter) => {
      const [whole, parts] = [run, `${run}-parts`];
      await go(plan(`backend: ${backend}`), whole);
      const first = await go(plan(`backend: ${backend}`), parts, { stopAfter });
      expect(first.step).toBe(stopAfter);
      await go(plan(`backend: ${backend}`), parts, { resume: true });
      expect(losses(parts)).toEqual(losses(whole));
      // The tokenizer too, though the checkpoint that it was loaded from is gone by then.
      for (const file of ['model.safetensors', 'tokenizer.json', 'trainer/optimizer.safetensors']) {
        const bytes = (folder: string): Buffer => readFileSync(join(folder, 'step-000008', file));
        expect(bytes(parts).equals(bytes(whole)), file).toBe(true);
      }
    },
  );

  it('--stop-at is a stop like any other: the schedule is the whole run’s', async () => {
    const sloping = plan(`backend: ${backend}`);
    const given = { ...sloping, train: { ...sloping.train, schedule: { type: 'linear' as const, warmup: '2 steps' } } };
    const [whole, parts] = [run, `${run}-parts`];
    await go(given, whole);
    expect(await go(given, parts, { stopAt: '12 examples' })).toMatchObject({ step: 2, until: 2, total: 8 });
    expect(await go(given, parts, { resume: true, stopAt: '2 steps' })).toMatchObject({ step: 2, until: 2 });
    expect(await go(given, parts, { resume: true, stopAt: '999 steps' })).toMatchObject({ step: 8, until: 8 });
    expect(losses(parts)).toEqual(losses(whole));
    const state = JSON.parse(readFileSync(join(parts, 'step-000008/trainer/state.json'), 'utf8'));
    expect(state).toMatchObject({ step: 8, total: 8 });
  });

  it('holds no more tensors and bytes after 200 steps than after 10', async () => {
    const live: ReturnType<typeof liveTensors>[] = [];
    const before = liveTensors();
    const long = plan(`backend: ${backend}`);
    const watch: Hook = ({ step }) => {
      if (step === 10 || step === 200) live.push(liveTensors());
    };
    await go({ ...long, train: { ...long.train, duration: '200 steps' } }, run, { hooks: [watch] });
    expect(live).toHaveLength(2);
    expect(live[1]).toEqual(live[0]);
    expect(liveTensors()).toEqual(before);
  });
});

describe('what can go wrong', () => {
  it('a loss that is not finite stops, names step and batch, and keeps the last good checkpoint', async () => {
    const wild = plan();
    const diverging = {
      ...wild,
      train: { ...wild.train, clip_norm: null, optimizer: { ...wild.train.optimizer, learning_rate: 1e38 } },
    };
    const every = { ...diverging, train: { ...diverging.train, checkpoint: { every: '1 step', keep: 3 } } };
    await expect(go(every, run)).rejects.toThrow(
      /finite loss at step \d.*Lower train\.optimizer\.learning_rate.*words: q\d+ → d\d+.*last good checkpoint is .*step-/,
    );
    expect(checkpointsIn(run).length).toBeGreaterThan(0);
  });

  it('a second run into the same folder is refused, and the first is untouched', async () => {
    await go(plan(), run);
    const before = readFileSync(join(run, 'events.jsonl'), 'utf8');
    await expect(go(plan(), run)).rejects.toThrow(/holds one\. Continue it with --resume/);
    expect(readFileSync(join(run, 'events.jsonl'), 'utf8')).toBe(before);
  });

  it('resuming with another plan is refused', async () => {
    await go(plan(), run, { stopAfter: 3 });
    await expect(go(plan('seed: 99'), run, { resume: true })).rejects.toThrow(/plan that .* was begun with/);
  });

  it('a folder that another process writes to is refused', async () => {
    await go(plan(), run, { stopAfter: 3 });
    writeFileSync(join(run, '.lock'), String(process.ppid));
    await expect(go(plan(), run, { resume: true })).rejects.toThrow(/process \d+ is writing to it/);
    writeFileSync(join(run, '.lock'), '999999999');
    await expect(go(plan(), run, { resume: true })).resolves.toMatchObject({ step: 8 });
  });

  it('a batch larger than the data, too few negatives, a model that is not there: each says what to do', async () => {
    const set = (change: Partial<RunPlan['data']['negatives']>): RunPlan => {
      const given = plan();
      return { ...given, data: { ...given.data, negatives: { ...given.data.negatives, ...change } } };
    };
    const given = plan();
    await expect(go({ ...given, train: { ...given.train, batch_size: 100 } }, run)).rejects.toThrow(
      /Lower train\.batch_size/,
    );
    await expect(go(set({ per_query: 21 }), run)).rejects.toThrow(
      /Expected 21 negatives .* lower data\.negatives\.per_query/,
    );
    await expect(go(set({ from: 'source' }), run)).rejects.toThrow(/Set data\.negatives\.from: bm25/);
    await expect(go({ ...given, model: { ...given.model, base: join(scratch, 'nowhere') } }, run)).rejects.toThrow(
      /nowhere/,
    );
    await expect(
      go({ ...given, model: { ...given.model, max_length: { query: 99, document: 8 } } }, run),
    ).rejects.toThrow(/at most 32/);
    expect(existsSync(join(run, 'step-000008'))).toBe(false);
  });

  it('a checkpoint cut short is refused by name when resuming', async () => {
    const { checkpoint } = await go(plan(), run, { stopAfter: 3 });
    const file = join(checkpoint, 'trainer', 'optimizer.safetensors');
    writeFileSync(file, readFileSync(file).subarray(0, 5000));
    await expect(go(plan(), run, { resume: true })).rejects.toThrow(/optimizer\.safetensors.*cut short/);
  });

  it('keeps the newest checkpoints only', async () => {
    await go(plan(), run);
    expect(checkpointsIn(run).map((path) => path.slice(-6))).toEqual(['000006', '000008']);
    expect(readSafetensors(join(run, 'step-000008', 'model.safetensors')).size).toBeGreaterThan(10);
  });
});
