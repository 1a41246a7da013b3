import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mineSource } from '../../data/mining/mine.js';
import { readSource } from '../../data/source.js';
import { lastCheckpoint } from '../../plan/run-layout.js';
import type { RunPlan } from '../../plan/schema.js';
import { readHistory } from '../../report/events.js';
import { liveTensors, useBackend } from '../../tensor/backend.js';
import { train } from '../../train/train.js';
import { readPlanText } from '../support/plan.js';
import { tinyPlan, writeTinyCollection, writeTinyModel } from '../support/tiny.js';

let scratch: string;
let model: string;
let collection: string;
beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'reasontune-remining-'));
  model = writeTinyModel(join(scratch, 'model'));
  collection = writeTinyCollection(join(scratch, 'collection'));
  await useBackend('torch');
});
afterAll(() => rmSync(scratch, { recursive: true }));

// Mined anew after steps 2, 4 and 6 of 8; checkpoints after steps 3, 6 and 8, of which two are kept.
function plan(mining = 'ranks: [1, 6], number: 3, every: 2 steps'): RunPlan {
  const text = tinyPlan(model, collection).replace('model: {', 'backend: torch\nmodel: {');
  return readPlanText(text.replace('data:\n', `data:\n  mining: {${mining}}\n`));
}

const go = (folder: string, { stopAfter = 99, resume = false, given = plan() } = {}) => {
  let steps = 0;
  return train(given, { folder, resume, stopped: () => ++steps >= stopAfter, hooks: [], say: () => {} });
};
const losses = (folder: string): number[] => [...readHistory(folder).steps.column('loss')];
const bytes = (folder: string, file: string): Buffer => readFileSync(join(folder, file));

describe('negatives mined anew while training', () => {
  it('are those that the model of that step ranks highest, and serve from the next step on', async () => {
    const run = join(scratch, 'run');
    const before = liveTensors();
    const done = await go(run, { given: { ...plan(), train: { ...plan().train, duration: '5 steps' } } });
    expect(done.step).toBe(5);
    expect(liveTensors()).toEqual(before);
    const stopped = join(scratch, 'stopped');
    await go(stopped, { stopAfter: 4 });
    // The checkpoint of step 4, mining by itself, comes to the file that the run wrote after step 4.
    const given = plan();
    const source = await readSource(given.data.sources[0]!, given.data);
    const folder = join(scratch, 'by-checkpoint');
    await mineSource(source, { ...given.data.mining!, by: [lastCheckpoint(stopped)!], folder }, () => {});
    const lines = (file: string): string[] => readFileSync(file, 'utf8').split('\n').slice(1);
    expect(lines(join(run, 'mined/step-000004/words.jsonl'))).toEqual(lines(join(folder, 'words.jsonl')));
    const plain = join(scratch, 'plain');
    await go(plain, { given: plan('every: 100 steps') });
    // Which examples a batch has is the same; the first two steps had the same negatives.
    expect(losses(run).slice(0, 2)).toEqual(losses(plain).slice(0, 2));
    expect(losses(run)[2]).not.toBe(losses(plain)[2]);
  });

  it.each([2, 3, 5, 6])(
    'stopped after step %i and resumed, a run is bit for bit the one that went on',
    async (stopAfter) => {
      const [whole, parts] = [join(scratch, `whole-${stopAfter}`), join(scratch, `parts-${stopAfter}`)];
      await go(whole);
      expect((await go(parts, { stopAfter })).step).toBe(stopAfter);
      await go(parts, { resume: true });
      expect(losses(parts)).toEqual(losses(whole));
      for (const file of ['model.safetensors', 'trainer/optimizer.safetensors']) {
        const name = join('step-000008', file);
        expect(bytes(parts, name).equals(bytes(whole, name)), file).toBe(true);
      }
      expect(bytes(parts, 'mined/step-000006/words.jsonl')).toEqual(bytes(whole, 'mined/step-000006/words.jsonl'));
    },
  );

  it('are kept as long as a checkpoint needs them, and their loss is told', async () => {
    const run = join(scratch, 'kept');
    await go(run);
    // When step 6 was mined the oldest checkpoint was that of step 3, which needs what step 2 mined.
    expect(readdirSync(join(run, 'mined')).sort()).toEqual(['step-000002', 'step-000004', 'step-000006']);
    const cut = join(scratch, 'cut');
    await go(cut, { stopAfter: 5 });
    rmSync(join(cut, 'mined/step-000004'), { recursive: true });
    await expect(go(cut, { resume: true })).rejects.toThrow(
      /Expected what was mined after step 4 at .*words\.jsonl, got none\. Begin a new run/,
    );
  });

  it('are filled up with those that the run began with where a guard leaves too few', async () => {
    const run = join(scratch, 'filled');
    const strict = 'by: [bm25, MODEL], guards: [{type: score-mask, above: -1}], every: 2 steps'.replace('MODEL', model);
    expect((await go(run, { given: plan(strict) })).step).toBe(8);
    const lines = readFileSync(join(run, 'mined/step-000006/words.jsonl'), 'utf8').split('\n').slice(1, -1);
    expect(lines.every((line) => JSON.parse(line).negatives.length === 0)).toBe(true);
    // Nothing was ever mined, so it is the run that never mines.
    const plain = join(scratch, 'unfilled');
    await go(plain, { given: plan('every: 100 steps') });
    expect(losses(run)).toEqual(losses(plain));
  });

  it.each([
    ['per_query: 1', 'per_query: 0', /mining\.every: expected negatives to mine anew/],
    ['kind: public,', 'kind: public, bands: {by: negative-rank, into: 2},', /expected no bands by negative-rank/],
    [
      'every: 2 steps',
      'every: 2 steps, guards: [{type: relabel, with: x, at_least: 1, action: positive}]',
      /new positives/,
    ],
    ['every: 2 steps', 'every: 0 steps', /mining\.every: expected a duration/],
  ])('%s made %s is refused', (before, after, fault) => {
    const text = tinyPlan(model, collection).replace('data:\n', 'data:\n  mining: {every: 2 steps}\n');
    expect(() => readPlanText(text.replace(before, after))).toThrow(fault);
  });
});
