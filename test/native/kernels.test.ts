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

// The other kinds of processor: node test/native/host/run.mjs.
describe('our attention kernels, alone, are their definition in float64', () => {
  const sanitized = process.arch === 'x64' ? 'avx2' : 'native';
  it(`and keep to their memory (${sanitized}), one thread where there is no pool`, async () => {
    expect(await check(sanitized, 2)).toMatch(/\d lanes, no pool\n$/);
  });

  it('as the addon has them, in a pool of two threads', async () => {
    expect(await check('pool', 2)).toMatch(/\d lanes, a pool\n$/);
  });
});
