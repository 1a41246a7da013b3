import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { planHash } from '../../plan/hash.js';
import { readPlan } from '../../plan/read.js';
import { file, smallest } from './files.js';

const hash = (...overrides: string[]) => planHash(readPlan(file(smallest), overrides));

test('names what is trained: not the run, not its evaluation', () => {
  expect(hash()).toMatch(/^[0-9a-f]{12}$/);
  expect(hash('name=other', 'eval.metrics=[R@10]', 'train.micro_batch_tokens=512')).toBe(hash());
  expect(hash('seed=18')).not.toBe(hash());
  expect(hash('data.sources.0.weight=2')).not.toBe(hash());
});

test('how eval searches decides nothing, also where a run is chosen by its scores', () => {
  const scored = ['train.evaluate.every=1 epoch', 'eval.sets=[{path: s}]'];
  expect(hash(...scored, 'eval.search=approximate')).toBe(hash(...scored));
  expect(hash(...scored, 'eval.metrics=[R@10]')).not.toBe(hash(...scored));
});

test('a default that is written out changes nothing, nor does the order of keys', () => {
  expect(hash('seed=17', 'train.optimizer.learning_rate=0.00002')).toBe(hash());
  const plan = readPlan(file(smallest));
  const turned = Object.fromEntries(Object.entries(plan).reverse()) as typeof plan;
  expect(
    planHash({ ...turned, loss: Object.fromEntries(Object.entries(plan.loss).reverse()) as typeof plan.loss }),
  ).toBe(hash());
});

test('is SHA-256 over JSON with sorted keys', () => {
  const plan = {
    seed: 1,
    name: 'x',
    eval: {},
    backend: 'b',
    train: { micro_batch_tokens: 9, x: 1 },
    data: { b: [2, { d: 1, c: null }], a: 'é' },
  };
  const text = '{"backend":"b","data":{"a":"é","b":[2,{"c":null,"d":1}]},"seed":1,"train":{"x":1}}';
  const expected = createHash('sha256').update(text).digest('hex').slice(0, 12);
  expect(planHash(plan as unknown as Parameters<typeof planHash>[0])).toBe(expected);
});
