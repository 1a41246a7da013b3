import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { checkpointsIn } from '../../plan/run-layout.js';
import { useBackend } from '../../tensor/backend.js';
import { train } from '../../train/train.js';
import { readPlanText } from '../support/plan.js';
import { tinyPlan, writeTinyCollection, writeTinyModel } from '../support/tiny.js';

const disk = vi.hoisted(() => ({ left: Number.POSITIVE_INFINITY }));

vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>();
  const writeSync = (fd: number, bytes: Uint8Array, ...rest: [number, number]): number => {
    disk.left -= bytes.length;
    if (disk.left < 0) throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    return fs.writeSync(fd, bytes, ...rest);
  };
  return { ...fs, writeSync };
});

let scratch: string;
beforeAll(async () => {
  await useBackend('wasm');
  scratch = mkdtempSync(join(tmpdir(), 'reasontune-full-'));
});
afterAll(() => rmSync(scratch, { recursive: true }));

it('a full disk while saving names the folder and the last good checkpoint, which stays whole', async () => {
  const run = join(scratch, 'run');
  const plan = readPlanText(
    tinyPlan(writeTinyModel(join(scratch, 'model')), writeTinyCollection(join(scratch, 'data')), 'backend: wasm'),
  );
  const start = (resume: boolean) =>
    train(plan, {
      folder: run,
      resume,
      stopped: () => false,
      say: () => {},
      // Full after the first checkpoint, at step 3.
      hooks: [
        ({ step }) => {
          if (step === 3 && !resume) disk.left = 50_000;
        },
      ],
    });
  await expect(start(false)).rejects.toThrow(/save .*step-000006, got: ENOSPC.*--resume from .*step-000003/);
  expect(checkpointsIn(run).map((path) => path.slice(-6))).toEqual(['000003']);
  expect(readdirSync(run).filter((name) => name.includes('unfinished'))).toEqual([]);

  disk.left = Number.POSITIVE_INFINITY;
  await expect(start(true)).resolves.toMatchObject({ step: 8 });
});
