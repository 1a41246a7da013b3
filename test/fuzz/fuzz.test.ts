import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { packageRoot } from '../../plan/places.js';
import type { Outcome } from './door.js';

// A process of its own: a crash is what it looks for. The long run, and AddressSanitizer: docs/native-door.md.
it.each([1, 2])(
  '10,000 calls of the addon by chance end in results and errors that name the operator (seed %i)',
  async (seed) => {
    const run = join(packageRoot, 'test/fuzz/run.mjs');
    const { stdout } = await promisify(execFile)(process.execPath, [run, '--calls', '10000', '--seed', `${seed}`]);
    const outcome = JSON.parse(stdout) as Outcome;
    expect(outcome).toMatchObject({ calls: 10_000, nameless: [], leaked: 0 });
    // It would prove little if nearly all were refused for the same simple reason.
    expect(outcome.succeeded).toBeGreaterThan(2000);
    expect(outcome.refused).toBeGreaterThan(2000);
  },
);
