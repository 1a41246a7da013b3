import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tensor2d } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadLoss } from '../../loss/custom/load-loss.js';
import type { LossInput } from '../../loss/loss.js';
import { planHash } from '../../plan/hash.js';
import { sha256 } from '../../plan/loss-file.js';
import { readHistory } from '../../report/events.js';
import { gradients } from '../../tensor/autograd.js';
import { liveTensors, useBackend } from '../../tensor/backend.js';
import { train } from '../../train/train.js';
import { largestDifference } from '../support/close.js';
import { readPlanText } from '../support/plan.js';
import { tinyPlan, writeTinyCollection, writeTinyModel } from '../support/tiny.js';

let scratch: string;
let files = 0;
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'reasontune-custom-'));
});
afterAll(() => rmSync(scratch, { recursive: true }));

const example = 'examples/margin-loss.ts';
const q = [
  [0.6, 0.8],
  [1, 0],
];
const d = [
  [0, 1],
  [0.8, -0.6],
  [0.6, -0.8],
];

function given(): LossInput {
  return {
    queries: tensor2d(q),
    documents: tensor2d(d),
    negatives: 0.5,
    scores: null,
    texts: { queries: new Int32Array(2), documents: new Int32Array(3) },
    guides: [],
  };
}

/** Value and gradients of the loss of a file with this text. */
async function run(text: string): Promise<{ value: number; queries: Float32Array; documents: Float32Array }> {
  const file = join(scratch, `loss-${files++}.ts`);
  writeFileSync(file, text);
  const loss = await loadLoss(file, sha256(Buffer.from(text)));
  const input = given();
  const { value, gradients: made } = gradients(() => loss(input), [input.queries, input.documents]);
  const [queries, documents] = made.map((gradient) => gradient!.dataSync() as Float32Array);
  const [number] = value.dataSync();
  for (const tensor of [input.queries, input.documents, value, ...made]) tensor?.dispose();
  return { value: number as number, queries: queries!, documents: documents! };
}

const tf = "import * as tf from '@tensorflow/tfjs-core';\nimport type { Loss } from 'reasontune/loss';\n";

describe.each(['torch', 'wasm'] as const)('a loss of one’s own on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  it('has the value and the gradients that a hinge loss has', async () => {
    let value = 0;
    const [dq, dd] = [q.map(() => [0, 0]), d.map(() => [0, 0])];
    const dot = (i: number, j: number): number => q[i]![0]! * d[j]![0]! + q[i]![1]! * d[j]![1]!;
    for (const i of [0, 1]) {
      for (const j of [0, 1, 2]) {
        const excess = dot(i, j) - dot(i, i) + 0.2;
        if (excess <= 0) continue;
        value += excess / 6;
        for (const w of [0, 1]) {
          dq[i]![w]! += (d[j]![w]! - d[i]![w]!) / 6;
          dd[j]![w]! += q[i]![w]! / 6;
          dd[i]![w]! -= q[i]![w]! / 6;
        }
      }
    }
    const made = await run(readFileSync(example, 'utf8'));
    expect(made.value).toBeCloseTo(value, 6);
    expect(largestDifference(made.queries, dq.flat())).toBeLessThan(1e-6);
    expect(largestDifference(made.documents, dd.flat())).toBeLessThan(1e-6);
  });

  it('may compare and index: what is made of that is a constant', async () => {
    const made = await run(
      `${tf}const loss: Loss = ({ queries }) => tf.sum(tf.mul(queries, tf.cast(tf.greater(queries, 0.7), 'float32')));
export default loss;`,
    );
    expect(made.value).toBeCloseTo(1.8, 6);
    expect([...made.queries]).toEqual([0, 1, 1, 0]);
    expect([...made.documents]).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it('trains, in micro-batches as in one batch, and leaves nothing behind', async () => {
    const model = writeTinyModel(join(scratch, 'model'));
    const collection = writeTinyCollection(join(scratch, 'collection'));
    const go = async (micro: string): Promise<number[]> => {
      const yaml = tinyPlan(model, collection, `loss: {type: custom, path: ${example}}\nbackend: ${backend}\n`);
      const folder = join(scratch, `run-${files++}`);
      const plan = readPlanText(yaml.replace('batch_size: 6', `batch_size: 6${micro}`));
      await train(plan, { folder, resume: false, stopped: () => false, hooks: [], say: () => {} });
      return [...readHistory(folder).steps.column('loss')];
    };
    const before = liveTensors();
    const whole = await go('');
    expect(whole.at(-1)).toBeLessThan(whole[0] as number);
    const cut = await go(', micro_batch_tokens: 90');
    cut.forEach((loss, i) => {
      expect(Math.abs(loss - whole[i]!)).toBeLessThan(1e-4);
    });
    expect(liveTensors()).toEqual(before);
  });
});

describe('what can be wrong with it', () => {
  beforeAll(() => useBackend('wasm'));

  it.each([
    [
      'no default export',
      'export const loss = 1;',
      /function as the default export of .*\.ts, got none\. Write "export default"/,
    ],
    ['a default export that is no function', 'export default 3;', /got number\./],
    ['no TypeScript', 'export default (x: ) => 1;', /got Unexpected "\)" in line 1\. Mend the file\./],
    [
      'another import',
      "import fs from 'node:fs';\nexport default () => fs;",
      /imports nothing but @tensorflow\/tfjs-core for .*\.ts, got an import of "node:fs" in line 1\./,
    ],
    ['an error at the start', "throw new Error('too early');", /got an error while it was loaded: too early\./],
    [
      'an error in the loss',
      "export default () => { throw new Error('no luck'); };",
      /Expected the loss of .*\.ts to run, got: no luck\. Mend the file\./,
    ],
    [
      'no tensor',
      'export default () => 3;',
      /one float32 number, a tensor of shape \[\], from the loss of .*\.ts, got number\. End it with mean or sum\./,
    ],
    [
      'a tensor of more numbers',
      `${tf}const loss = ({ queries }) => tf.sum(queries, 1);\nexport default loss;`,
      /got a tensor of shape \[2\] and type float32\./,
    ],
    ['a promise', 'export default async () => 3;', /got a promise\./],
    [
      'a loss of neither side',
      `${tf}export default () => tf.scalar(1);`,
      /depends on queries or documents from .*\.ts, got one that does not\./,
    ],
    [
      'an operation without a gradient',
      `${tf}export default ({ queries }) => tf.sum(tf.topk(queries, 1).values);`,
      /operations with a gradient in .*\.ts, got TopK\. Use others\./,
    ],
    [
      'shapes that do not fit',
      `${tf}export default ({ queries }) => tf.sum(tf.matMul(queries, tf.ones([3, 3])));`,
      /to run, got: .*inner shapes.*\. Mend the file\./,
    ],
  ])('%s', async (_, text, fault) => {
    await expect(run(text)).rejects.toThrow(fault);
  });

  it('a kernel that the backend lacks', async () => {
    await useBackend('torch');
    await expect(
      run(
        `${tf}export default ({ queries }) => tf.sum(tf.image.transform(tf.reshape(queries, [1, 2, 2, 1]), tf.ones([1, 8])));`,
      ),
    ).rejects.toThrow(/to run, got: .*'?Transform'?.*torch.*\. Use other operations, or set backend: wasm\./);
  });

  it('a missing file is told where the plan names it, a changed one when it is loaded', async () => {
    const yaml = (loss: string): string => tinyPlan('m', 'c', `loss: {type: custom, ${loss}}\n`);
    expect(() => readPlanText(yaml('path: nowhere.ts'))).toThrow(
      /plan\.yaml:\d+:\d+ loss\.path: expected a TypeScript file, found none\. Check it\./,
    );
    await expect(loadLoss(example, '0'.repeat(64))).rejects.toThrow(
      /Expected the loss examples\/margin-loss\.ts as it was when the plan was read, got another content\./,
    );
    await expect(loadLoss('nowhere.ts', '0'.repeat(64))).rejects.toThrow(/got no file\./);
  });

  it('a plan’s hash covers the content', () => {
    const file = join(scratch, 'changing.ts');
    const hash = (text: string): string => {
      writeFileSync(file, text);
      return planHash(readPlanText(tinyPlan('m', 'c', `loss: {type: custom, path: ${file}}\n`)));
    };
    const first = hash('export default 1;');
    expect(hash('export default 2;')).not.toBe(first);
    expect(hash('export default 1;')).toBe(first);
  });
});
