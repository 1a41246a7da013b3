import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readPlan } from '../../plan/read.js';
import { readSweep } from '../../plan/sweep/read.js';

const folders = ['configs/ablations', 'configs/ablations/full'];
const shared = ['small.yaml', 'scale.yaml'];

describe('the ablations of the mission', () => {
  const files = folders.flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.endsWith('.yaml'))
      .map((name) => ({ name, path: join(folder, name) })),
  );

  test.each(files.filter(({ name }) => !shared.includes(name)))('$path is a sound sweep of three seeds', ({ path }) => {
    const { variants, seeds } = readSweep(path);
    expect(variants.length).toBeGreaterThan(3);
    expect(seeds).toHaveLength(3);
  });

  test.each(files.filter(({ name }) => shared.includes(name)))(
    '$path, which they stand on, is a sound plan',
    ({ path }) => {
      expect(readPlan(path).eval.sets.length).toBeGreaterThan(0);
    },
  );

  test('each small one has a full one', () => {
    const [small, full] = folders.map((folder) => readdirSync(folder).filter((name) => !shared.includes(name)));
    // Negatives that were written: ReasonIR's are, so that full/negatives.yaml has them.
    const without = ['full', 'negatives-written.yaml'];
    expect(small?.filter((name) => !without.includes(name))).toEqual(full);
  });
});
