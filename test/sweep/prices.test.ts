import { expect, it } from 'vitest';
import { estimateJson, estimateTable } from '../../cli/sweep-tables.js';
import { packageRoot } from '../../plan/places.js';
import { readPrices } from '../../plan/prices.js';
import type { Sweep } from '../../plan/sweep/sweep.js';
import type { RunEstimate } from '../../sweep/estimates.js';

const prices = { ...readPrices(`${packageRoot}/configs/prices.yaml`), machine_per_hour: 3 };
const run = (state: string, seconds: number | null): RunEstimate => ({
  ...{ variant: 'a', seed: 1, hash: '0'.repeat(12), duration: '1 steps', memoryBytes: null, from: 'a step' },
  ...{ state, seconds },
});
const runs = [run('done', 3600), run('new', 1200), run('new', 1200), run('new', null)];
const sweep = (parallel: number | null): Sweep => ({ parallel, halving: null }) as Sweep;

it('charges each run its own time, however many run at once', () => {
  for (const parallel of [null, 2]) {
    const table = estimateTable(sweep(parallel), runs, 'local', prices);
    expect(table).toMatch(/3 of 4 runs are left: 40:00 of training.*, 2\.00 USD, and 1 of unknown length/);
    expect(table.includes('2 at once: about 20:00')).toBe(parallel === 2);
    expect(table.includes('at most that, since they share it')).toBe(parallel === 2);
  }
  expect(estimateTable(sweep(2), runs, 'slurm', prices)).not.toContain('at once');
});

it('tells amounts of less than one apart', () => {
  const table = estimateTable(sweep(null), [run('new', 9), run('new', 30)], 'local', prices);
  expect(table).toMatch(/0\.0075.*\n.*0\.0250/);
  expect(table).toContain('0.0325 USD');
});

it('says what is left in money as JSON, too', () => {
  expect(estimateJson(runs, prices)).toMatchObject({
    runs: [{ cost: 3 }, { cost: 1 }, { cost: 1 }, { cost: null }],
    currency: 'USD',
    cost: 2,
  });
  expect(estimateJson(runs, null)).toEqual({ runs });
});
