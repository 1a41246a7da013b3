import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { evaluateModels } from '../../eval/evaluate.js';
import { planHash } from '../../plan/hash.js';
import { bestCheckpoint, finalCheckpoint, lastCheckpoint } from '../../plan/run-layout.js';
import type { RunPlan } from '../../plan/schema.js';
import { liveTensors, useBackend } from '../../tensor/backend.js';
import type { Standing } from '../../train/evaluating.js';
import { train } from '../../train/train.js';
import { readPlanText } from '../support/plan.js';
import { tinyPlan, writeTinyCollection, writeTinyModel } from '../support/tiny.js';

let scratch: string;
let model: string;
let collection: string;
beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'reasontune-evaluating-'));
  model = writeTinyModel(join(scratch, 'model'));
  collection = writeTinyCollection(join(scratch, 'collection'));
  await useBackend('torch');
});
afterAll(() => rmSync(scratch, { recursive: true }));

// Eight steps, checkpoints after 3, 6 and 8, of which two are kept.
function plan(evaluate = 'every: 2 steps'): RunPlan {
  const text = tinyPlan(model, collection).replace('model: {', 'backend: torch\nmodel: {');
  return readPlanText(`${text.replace(/train: ?\{/, `train: {evaluate: {${evaluate}}, `)}\n`);
}

async function go(name: string, { given = plan(), stopAfter = 99, resume = false } = {}) {
  let steps = 0;
  const scores: Standing[] = [];
  const folder = join(scratch, name);
  const stopped = (): boolean => ++steps >= stopAfter;
  const onScore = (standing: Standing): number => scores.push(standing);
  const done = await train(given, { folder, resume, stopped, hooks: [], onScore, say: () => {} });
  return { folder, done, scores };
}

interface Line {
  readonly step?: number;
  readonly eval?: { step: number; set: string; split: string; metrics: Record<string, number> };
}
const lines = (folder: string): Line[] =>
  readFileSync(join(folder, 'events.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
const evaluations = (folder: string) => lines(folder).flatMap((line) => (line.eval ? [line.eval] : []));

describe('evaluation while training', () => {
  it('finds what eval finds for the checkpoint of that step, after the step’s own line', async () => {
    const before = liveTensors();
    const { folder, done, scores } = await go('whole');
    expect(liveTensors()).toEqual(before);
    expect(done.ended).toBe('done');
    expect(lines(folder).map((line) => line.step ?? `eval ${line.eval?.step}`)).toEqual([
      1,
      2,
      'eval 2',
      3,
      4,
      'eval 4',
      5,
      6,
      'eval 6',
      7,
      8,
      'eval 8',
    ]);
    const found = evaluations(folder);
    for (const step of [6, 8]) {
      const [result] = await evaluateModels({
        models: [join(folder, `step-00000${step}`)],
        sets: plan().eval.sets,
        metrics: plan().eval.metrics,
        out: null,
        onProgress: () => {},
        onNote: () => {},
      });
      expect(found.find((one) => one.step === step)?.metrics).toEqual(result?.metrics);
    }
    const first = plan().eval.metrics[0]!;
    expect(scores.map(({ value }) => value)).toEqual(found.map(({ metrics }) => metrics[first]));
    expect(scores.at(-1)?.best).toBe(Math.max(...scores.map(({ value }) => value)));
  });

  it('keeps the best checkpoint under a link, whatever is kept besides', async () => {
    const { folder, scores } = await go('best', {
      given: { ...plan(), train: { ...plan().train, checkpoint: { every: '1 steps', keep: 1 } } },
    });
    const best = scores.findIndex(({ value, best }) => value === best && value === scores.at(-1)?.best);
    const step = `step-00000${(best + 1) * 2}`;
    expect(readlinkSync(join(folder, 'best'))).toBe(step);
    expect(bestCheckpoint(folder)).toBe(join(folder, step));
    expect(finalCheckpoint(folder)).toBe(join(folder, step));
    expect(readdirSync(folder).filter((name) => name.startsWith('step-'))).toEqual([...new Set([step, 'step-000008'])]);
    rmSync(join(folder, step), { recursive: true });
    expect(bestCheckpoint(folder)).toBeNull();
    expect(finalCheckpoint(folder)).toBe(lastCheckpoint(folder));
  });

  // A learning rate of almost nothing: no evaluation is better than the first.
  const still = (): RunPlan => {
    const given = plan('every: 1 steps, stop_after: 3');
    return { ...given, train: { ...given.train, optimizer: { ...given.train.optimizer, learning_rate: 1e-30 } } };
  };

  it('stops where so many were no better, and a run that goes on stops there too', async () => {
    const { folder, done } = await go('still', { given: still() });
    expect(done).toMatchObject({ ended: 'no better', step: 4 });
    expect(existsSync(join(folder, 'step-000004'))).toBe(true);
    expect(readlinkSync(join(folder, 'best'))).toBe('step-000001');

    const parts = await go('still-parts', { given: still(), stopAfter: 2 });
    expect(parts.done).toMatchObject({ ended: 'stopped', step: 2 });
    expect((await go('still-parts', { given: still(), resume: true })).done).toMatchObject({
      ended: 'no better',
      step: 4,
    });
    expect(evaluations(parts.folder)).toEqual(evaluations(folder));
    // Nothing is left to do.
    expect((await go('still-parts', { given: still(), resume: true })).done).toMatchObject({
      ended: 'no better',
      step: 4,
    });
    expect(evaluations(parts.folder)).toEqual(evaluations(folder));
  });

  it('is not done where the user stops, so that a resumed run is bit for bit one that went on', async () => {
    const whole = join(scratch, 'whole');
    const { folder } = await go('parts', { stopAfter: 3 });
    expect(evaluations(folder).map(({ step }) => step)).toEqual([2]);
    await go('parts', { resume: true });
    expect(evaluations(folder)).toEqual(evaluations(whole));
    const weights = (run: string): Buffer => readFileSync(join(run, 'step-000008/model.safetensors'));
    expect(weights(folder).equals(weights(whole))).toBe(true);
  });

  it('makes up for what a stop between a step and its evaluation left out', async () => {
    const whole = join(scratch, 'whole');
    const { folder } = await go('cut', { stopAfter: 4 });
    const kept = readFileSync(join(folder, 'events.jsonl'), 'utf8')
      .split('\n')
      .filter((line) => !line.startsWith('{"eval":{"step":4'));
    writeFileSync(join(folder, 'events.jsonl'), kept.join('\n'));
    rmSync(join(folder, 'best'));
    await go('cut', { resume: true });
    expect(evaluations(folder)).toEqual(evaluations(whole));
    expect(readlinkSync(join(folder, 'best'))).toBe(readlinkSync(join(whole, 'best')));
  });

  it('is by measures and sets that are part of what the run is called', () => {
    const [one, other] = [plan(), plan()].map((given, i) => ({
      ...given,
      eval: { ...given.eval, metrics: [`R@${i + 1}`] },
    }));
    expect(planHash(one!)).not.toBe(planHash(other!));
    const without = (given: RunPlan) => ({ ...given, train: { ...given.train, evaluate: undefined } });
    expect(planHash(without(one!))).toBe(planHash(without(other!)));
  });

  it('refuses a plan without a set to score', () => {
    const text = tinyPlan(model, collection).replace(/eval: ?\{.*\}|eval:\n( .*\n)+/, '');
    expect(() => readPlanText(`${text.replace(/train: ?\{/, 'train: {evaluate: {every: 2 steps}, ')}\n`)).toThrow(
      /train\.evaluate: expected eval\.sets to score while training, got none/,
    );
    const text2 = tinyPlan(model, collection).replace('eval: {', 'eval: {metrics: [Hole@10], ');
    expect(() => readPlanText(text2.replace(/train: ?\{/, 'train: {evaluate: {every: 2 steps}, '))).toThrow(
      /eval\.metrics\.0: expected first a measure that is better when higher/,
    );
  });
});
