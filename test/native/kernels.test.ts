import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../plan/places.js';

async function check(kind: string, threads: number): Promise<string> {
  const env = { ...process.env, OMP_NUM_THREADS: `${threads}` };
  const run = join(packageRoot, 'test/native/host/run.mjs');
  return (await promisify(execFile)(process.execPath, [run, kind], { env })).stdout;
}

function expectAll(said: string, threads: string): void {
  expect(said).toMatch(
    new RegExp(
      `: column sums hold\n[^]*: blocks hold\n[^]*: projections hold\n[^]*: weights' gradients hold\n[^]*\\d lanes, ${threads}\n$`,
    ),
  );
}

// The other kinds of processor: node test/native/host/run.mjs.
describe('our kernels, alone, are their definitions in float64, and kept blocks of memory hold', () => {
  const sanitized = process.arch === 'x64' ? 'avx2' : 'native';
  it(`and keep to their memory (${sanitized}), one thread where there is no pool`, async () => {
    expectAll(await check(sanitized, 2), 'no pool');
  });

  it('as the addon has them, in a pool of two threads', async () => {
    expectAll(await check('pool', 2), 'a pool');
  });
});
