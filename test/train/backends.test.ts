import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BackendName } from '../../plan/schema.js';
import { readHistory } from '../../report/events.js';
import { useBackend } from '../../tensor/backend.js';
import { train } from '../../train/train.js';
import { readPlanText } from '../support/plan.js';
import { tinyPlan, writeTinyCollection, writeTinyModel } from '../support/tiny.js';

let scratch: string;
let given: (backend: BackendName) => string;
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'reasontune-backends-'));
  const [model, collection] = [writeTinyModel(join(scratch, 'model')), writeTinyCollection(join(scratch, 'data'))];
  given = (backend) => tinyPlan(model, collection, `backend: ${backend}`);
});
afterAll(() => rmSync(scratch, { recursive: true }));

async function lossesOn(backend: BackendName, folder: string): Promise<number[]> {
  const plan = readPlanText(given(backend));
  const run = join(scratch, folder);
  await train(plan, { folder: run, resume: false, stopped: () => false, hooks: [], say: () => {} });
  return [...readHistory(run).steps.column('loss')];
}

describe('the same training steps', () => {
  // torch comes twice: after tensorflow was loaded into the same process it must still be itself.
  it('give the same losses on torch, tensorflow and wasm', async () => {
    const reference = await lossesOn('torch', 'torch');
    expect(reference).toHaveLength(8);
    for (const backend of ['tensorflow', 'wasm', 'torch'] as const) {
      const losses = await lossesOn(backend, `${backend}-again`);
      losses.forEach((loss, step) => {
        expect(Math.abs(loss - reference[step]!), `${backend}, step ${step + 1}`).toBeLessThan(1e-4);
      });
    }
  });

  it('are said to be run by TensorFlow, with its version and device', async () => {
    expect(await useBackend('tensorflow')).toMatchObject({
      name: 'tensorflow',
      description: expect.stringMatching(/^TensorFlow 2\.21\.0 on (cpu|gpu)$/),
    });
  });
});
