import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, vi } from 'vitest';
import { packageRoot } from '../../plan/places.js';
import { readSweep } from '../../plan/sweep/read.js';
import type { Sweep } from '../../plan/sweep/sweep.js';
import { runSweep, type SweepResult } from '../../sweep/run.js';

export const fakeMain = join(packageRoot, 'test/sweep/fake-main.mjs');

const scratch = mkdtempSync(join(tmpdir(), 'reasontune-sweep-'));
export const sweepFile = join(scratch, 'plan.yaml');
let log: string;
let count = 0;
/** A new sweep folder for each test; its name wants quoting in a shell. */
export let folder: string;

/** Sets up the stand-in for the command line: what it was asked is in {@link started}. */
export function useFake(): void {
  beforeEach(() => {
    folder = join(scratch, `it's ${++count}`);
    log = join(scratch, `log-${count}`);
    vi.stubEnv('FAKE_LOG', log);
    vi.stubEnv('OMP_NUM_THREADS', '8');
  });
  afterAll(() => {
    vi.unstubAllEnvs();
    rmSync(scratch, { recursive: true });
  });
}

/** A sweep over a plan of nine steps, from its own keys as YAML. */
export function sweepOf(keys: string): Sweep {
  const plan = `name: s
model: {base: some/model}
data: {sources: [{name: a, kind: public, path: p}]}
train: {duration: 9 steps}
eval: {sets: [{name: one, path: sets/first}, {path: sets/two, split: dev}]}
`;
  writeFileSync(sweepFile, plan + keys);
  return readSweep(sweepFile);
}

export function run(sweep: Sweep, stopped = (): boolean => false, said: string[] = []): Promise<SweepResult> {
  return runSweep(sweep, { main: fakeMain, folder, launcher: 'local', stopped, say: (line) => said.push(line) });
}

interface Started {
  readonly at: 'start' | 'end';
  readonly args: readonly string[];
  readonly threads?: string;
  readonly device?: string;
}

export function logged(): Started[] {
  if (!existsSync(log)) return [];
  const lines = readFileSync(log, 'utf8').trim().split('\n');
  return lines.map((line) => JSON.parse(line) as Started);
}

/** What was started since the last call, folders and hashes left out: `train hot-seed1`. */
export function started(): string[] {
  const words = logged()
    .filter(({ at }) => at === 'start')
    .map(({ args: [verb, first = '', ...rest] }) => {
      const told = rest.includes('--stop-at') ? ` to ${rest[rest.indexOf('--stop-at') + 1]}` : '';
      const rung = rest.find((word) => word.includes('/rungs/'));
      const name = (path: string): string => (path.split('/').at(-1) ?? '').replace(/\.yaml$|-[0-9a-f]{12}$/g, '');
      const what = verb === 'data' ? `${first} ${name(rest[0] ?? '')}` : name(first);
      return `${verb} ${what}${told}${rung ? ` at ${name(rung)}` : ''}`;
    });
  rmSync(log, { force: true });
  return words;
}
