import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeBatches } from '../../data/batch.js';
import { readHistory } from '../../report/events.js';
import { liveTensors, useBackend } from '../../tensor/backend.js';
import { estimate } from '../../train/estimate.js';
import type { Hook } from '../../train/loop.js';
import { prepare } from '../../train/prepare.js';
import { lossAndGradients } from '../../train/step.js';
import { train } from '../../train/train.js';
import { backends } from '../support/backends.js';
import { readPlanText } from '../support/plan.js';
import { tinyPlan, writeTinyCollection, writeTinyModel } from '../support/tiny.js';

let scratch: string;
let model: string;
let collection: string;
let scored: string;
let runs = 0;

const words = (n: number): string => ['red', 'green', 'blue', 'cyan'][n % 4] + 'abcdefghij'[n % 10]!;

beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'reasontune-objective-'));
  model = writeTinyModel(join(scratch, 'model'));
  collection = writeTinyCollection(join(scratch, 'collection'));
  scored = join(scratch, 'scored.jsonl');
  const lines = Array.from({ length: 12 }, (_, i) =>
    JSON.stringify({
      query: `what ${words(i)}`,
      pos: [`${words(i)} it is`],
      neg: [`${words(i + 1)} or so`, `${words(i + 3)} no`],
      pos_scores: [4 + i / 10],
      neg_scores: [i / 3, -2],
    }),
  );
  writeFileSync(scored, lines.join('\n'));
});
afterAll(() => rmSync(scratch, { recursive: true }));

/** A plan over the tiny collection with this loss. */
const guarded = (loss: string): string => tinyPlan(model, collection, `loss: ${loss}\n`);

/** A plan over the scored lines with this loss. */
const distilled = (loss: string, more = ''): string => `name: tiny
model: {base: ${model}, max_length: {query: 24, document: 32}}
data: {sources: [{name: scored, kind: public, path: ${scored}}], negatives: {per_query: 2${more}}}
loss: ${loss}
train: {batch_size: 6, duration: 30 steps, optimizer: {learning_rate: 1.0e-3}, micro_batch_tokens: 100}
`;

async function losses(yaml: string, hooks: Hook[] = []): Promise<number[]> {
  const folder = join(scratch, `run-${runs++}`);
  await train(readPlanText(yaml), { folder, resume: false, stopped: () => false, hooks, say: () => {} });
  return [...readHistory(folder).steps.column('loss')];
}

describe.each(backends)('training on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  it.each([
    '{symmetric: true, matryoshka: [16, 8], debias: 0.05}',
    '{guards: [{type: same-text}, {type: positive-margin, margin: 0.1}, {type: guide, model: MODEL}]}',
    '{guards: [{type: guide, model: MODEL, ratio: 0.9, softness: 0.1}], in_batch: false}',
  ])('with loss %s: lowers it, in two micro-batches as in one, and leaves nothing behind', async (loss) => {
    const yaml = `${guarded(loss.replace('MODEL', model))}backend: ${backend}\n`;
    const before = liveTensors();
    const whole = await losses(yaml);
    expect(liveTensors()).toEqual(before);
    expect(whole.at(-1)).toBeLessThan(whole[0] as number);
    const cut = await losses(yaml.replace('batch_size: 6', 'batch_size: 6, micro_batch_tokens: 90'));
    cut.forEach((value, i) => {
      expect(Math.abs(value / whole[i]! - 1)).toBeLessThan(1e-3);
    });
  });

  it('distils a teacher’s scores, also with other negatives in each epoch', async () => {
    for (const more of ['', ', choose: random']) {
      const steps = await losses(`${distilled('{type: distill, matryoshka: [16, 4]}', more)}backend: ${backend}\n`);
      expect(steps.at(-1)).toBeLessThan(0.8 * steps[0]!);
    }
  });
});

describe('a teacher’s scores', () => {
  it('follow the negatives that are drawn', async () => {
    const plan = readPlanText(distilled('{type: distill}').replace('per_query: 2', 'per_query: 1, choose: random'));
    const { batches } = await prepare(plan, null);
    for (let step = 0; step < 4; step++) {
      const { scores, texts } = batches.at(step);
      const { queries, documents } = texts();
      queries.forEach((query, i) => {
        const n = Array.from({ length: 12 }, (_, n) => n).find((n) => query === `what ${words(n)}`) as number;
        const negative = documents[queries.length + i]?.endsWith('no') ? -2 : n / 3;
        expect(documents[i]).toBe(`${words(n)} it is`);
        expect(scores?.[2 * i]).toBeCloseTo(4 + n / 10, 5);
        expect(scores?.[2 * i + 1]).toBeCloseTo(negative, 5);
      });
    }
  });

  it('that are missing, or too few, are told', async () => {
    const line = (change: object): string => {
      const path = join(scratch, `line-${runs++}.jsonl`);
      writeFileSync(path, JSON.stringify({ query: 'q', pos: ['p'], neg: ['n', 'm'], ...change }));
      return distilled('{type: distill}').replace(scored, path).replace('batch_size: 6', 'batch_size: 1');
    };
    const go = (yaml: string): Promise<unknown> => prepare(readPlanText(yaml), null);
    await expect(go(line({}))).rejects.toThrow(
      /Expected pos_scores and neg_scores for loss\.type: distill in source scored, got none for .*\.jsonl:1\./,
    );
    await expect(go(line({ pos_scores: [1], neg_scores: [1] }))).rejects.toThrow(
      /a score for each of its 2 texts for .*:1 neg_scores, got \[1\]\. Mend/,
    );
    await expect(go(line({ neg_scores: [1, 2] }))).rejects.toThrow(
      /a score for each of its 1 texts for .*:1 pos_scores, got nothing/,
    );
    await expect(go(line({ pos_scores: ['1'], neg_scores: [1, 2] }))).rejects.toThrow(/:1 pos_scores, got \["1"\]/);
  });
});

it('a width beyond the model’s own is refused', async () => {
  await expect(prepare(readPlanText(guarded('{matryoshka: [16, 17]}')), null)).rejects.toThrow(
    'Expected loss.matryoshka of at most 16, the model’s own width, got 17. Lower it.'.replace('’', "'"),
  );
});

it('the guide’s judgement changes the loss of a batch: as its own guide, a model leaves out what it ranks first', async () => {
  const of = async (loss: string): Promise<number> => {
    const plan = readPlanText(guarded(loss));
    const { encoder, objective, sources } = await prepare(plan, null);
    const batch = (await makeBatches(sources, plan, encoder)).at(0);
    const { loss: value, gradients } = lossAndGradients(encoder, objective, batch, { microBatchTokens: 1e6, seed: [] });
    for (const gradient of gradients) gradient.dispose();
    return value;
  };
  await useBackend('torch');
  // The guide reads longer texts with settings of its own, but these texts are short: both see the same scores.
  const guide = await of(`{guards: [{type: guide, model: ${model}}]}`);
  const own = await of('{guards: [{type: positive-margin, margin: 0}]}');
  const plain = await of('{}');
  expect(Math.abs(guide - own)).toBeLessThan(1e-4);
  expect(plain - own).toBeGreaterThan(0.05);
});

it('the dry run’s memory follows micro_batch_tokens, not the batch', async () => {
  const memory = async (train: string): Promise<number> =>
    (await estimate(readPlanText(guarded('{}').replace('batch_size: 6', train)))).memoryBytes;
  const whole = await memory('batch_size: 12');
  const [cut, smaller] = [
    await memory('batch_size: 12, micro_batch_tokens: 200'),
    await memory('batch_size: 6, micro_batch_tokens: 200'),
  ];
  expect(cut).toBeLessThan(whole);
  expect(Math.abs(cut / smaller - 1)).toBeLessThan(0.001);
});
