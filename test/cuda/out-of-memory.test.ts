import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { checkpointsIn } from '../../plan/run-layout.js';
import { liveTensors } from '../../tensor/backend.js';
import type { Addon } from '../../tensor/torch/addon.js';
import { train } from '../../train/train.js';
import { readPlanText } from '../support/plan.js';
import { tinyPlan, writeTinyCollection, writeTinyModel } from '../support/tiny.js';

// An addon whose device runs out of memory at a matrix product, as libtorch's error comes through the door.
const device = vi.hoisted(() => ({ full: false }));
vi.mock('../../tensor/torch/addon.js', async (original) => {
  const real = await original<typeof import('../../tensor/torch/addon.js')>();
  const loadAddon = (file: string): Addon => {
    const addon = real.loadAddon(file);
    const call: Addon['call'] = (operator, ...rest) => {
      if (device.full && operator === 'aten::linear') {
        throw Object.assign(
          new Error('CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has 79 GiB. If reserved'),
          {
            code: 'OUT_OF_MEMORY',
          },
        );
      }
      return addon.call(operator, ...rest);
    };
    return { ...addon, call };
  };
  return { ...real, loadAddon };
});

let scratch: string;
let model: string;
let collection: string;
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'reasontune-memory-'));
  model = writeTinyModel(join(scratch, 'model'));
  collection = writeTinyCollection(join(scratch, 'data'));
});
afterAll(() => rmSync(scratch, { recursive: true }));

function go(run: string, fullAfter: number, more: { resume?: boolean; tokens?: number } = {}) {
  const plan = readPlanText(tinyPlan(model, collection, 'backend: torch'));
  const lowered = { ...plan, train: { ...plan.train, micro_batch_tokens: more.tokens ?? 16384 } };
  device.full = fullAfter === 0;
  return train(lowered, {
    folder: join(scratch, run),
    resume: more.resume ?? false,
    stopped: () => false,
    say: () => {},
    hooks: [
      ({ step }) => {
        device.full = step === fullAfter;
      },
    ],
  });
}

it('saves what was trained, names what to lower, and goes on with --resume when it was lowered', async () => {
  const saved = join(scratch, 'run', 'step-000004');
  await expect(go('run', 4)).rejects.toMatchObject({
    name: 'Fault',
    message:
      "Expected a step to fit into the device's memory, got: CUDA out of memory. Lower train.micro_batch_tokens " +
      `(now 16384) and go on with --resume from ${saved}; if that is not enough, model.max_length (24 and 32) or ` +
      'train.batch_size (6).',
  });
  expect(checkpointsIn(join(scratch, 'run')).map((path) => path.slice(-6))).toEqual(['000003', '000004']);
  await expect(go('run', -1, { resume: true, tokens: 64 })).resolves.toMatchObject({ step: 8 });
});

it('has nothing to save where the first step does not fit', async () => {
  await expect(go('first', 0)).rejects.toThrow(/^Expected a step .* \(now 16384\) and start again; if /);
  expect(checkpointsIn(join(scratch, 'first'))).toEqual([]);
});

it('leaves no intermediate of the failed step behind', async () => {
  await go('whole', -1);
  const before = liveTensors().tensors;
  await expect(go('half', 2)).rejects.toThrow(/memory/);
  // The failed run's own weights and moments go with its process; nothing else may stay.
  const weights = liveTensors().tensors - before;
  await expect(go('again', 2)).rejects.toThrow(/memory/);
  expect(liveTensors().tensors - before).toBe(2 * weights);
  expect(weights % 3).toBe(0);
});
