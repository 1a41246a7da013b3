import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../plan/places.js';
import { tinyPlan, writeTinyCollection, writeTinyModel } from '../support/tiny.js';

// Which backend the compiled command line takes, on this machine and on one where setup has not been run.

let scratch: string;
let runs = 0;
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'reasontune-cli-backends-'));
  writeFileSync(
    join(scratch, 'plan.yaml'),
    tinyPlan(writeTinyModel(join(scratch, 'model')), writeTinyCollection(join(scratch, 'data'))),
  );
});
afterAll(() => rmSync(scratch, { recursive: true }));

function reasontune(args: string[], env: NodeJS.ProcessEnv = {}): { status: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(packageRoot, 'dist/cli/main.js'), ...args], {
    cwd: scratch,
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  return { status, out: stdout, err: stderr };
}

function trainOn(backend: string, env: NodeJS.ProcessEnv = {}): ReturnType<typeof reasontune> {
  return reasontune(['train', 'plan.yaml', '--set', `backend=${backend}`, '--out', `run-${runs++}`], env);
}

const withoutTorch = { REASONTUNE_NO_TORCH: '1' };
const withoutSetup = (): NodeJS.ProcessEnv => ({ REASONTUNE_CACHE: join(scratch, 'cache') });

describe('the backend', () => {
  it.each([
    ['auto', {}, 'torch '],
    ['auto', withoutTorch, 'TensorFlow 2.21.0 on '],
    ['tensorflow', {}, 'TensorFlow 2.21.0 on '],
  ])('%s with %o is %s', (backend, env, named) => {
    const { status, err } = trainOn(backend, env);
    expect(err).toContain(`on ${named}`);
    expect(status).toBe(0);
  });

  it('auto is wasm where setup has not been run', () => {
    const { status, err } = trainOn('auto', withoutSetup());
    expect(err).toContain('on wasm');
    expect(status).toBe(0);
  });

  it('tensorflow exits with 1 and one line where setup has not been run', () => {
    const { status, err } = trainOn('tensorflow', withoutSetup());
    expect(err.trim()).toMatch(
      /^(?!.*\n)(?=.*its binding is not compiled)(?=.*Run "npm run setup -- --tensorflow").*$/,
    );
    expect(status).toBe(1);
  });

  it('doctor proves each that is ready, in a process of its own, and says which auto takes', () => {
    const { status, out, err } = reasontune(['doctor', '--json']);
    const { findings, backend } = JSON.parse(out) as {
      findings: { name: string; found: string; good: boolean }[];
      backend: string;
    };
    const found = (name: string) => findings.find((finding) => finding.name === name);
    expect(backend).toBe('torch');
    expect(found('proof (torch)')).toMatchObject({ good: true, found: expect.stringContaining('took the loss from') });
    expect(found('proof (tensorflow)')).toMatchObject({
      good: true,
      found: expect.stringMatching(/^TensorFlow 2\.21\.0 on (cpu|gpu): ten small steps took the loss from/),
    });
    expect(found('tensorflow backend')?.found).toMatch(/tfjs_binding\.node, for TensorFlow 2\.21\.0/);
    expect(err).toBe('');
    expect(status).toBe(0);
  });

  it('doctor without setup: wasm is proved, and what is lacking is said with its remedy', () => {
    const { out } = reasontune(['doctor'], withoutSetup());
    expect(out).toMatch(
      /- tensorflow backend +not ready: its binding is not compiled; run "npm run setup -- --tensorflow"/,
    );
    expect(out).toMatch(/proof \(wasm\) +wasm, one thread: ten small steps/);
    expect(out).toContain('auto takes wasm');
  });
});
