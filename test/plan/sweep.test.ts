import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Fault } from '../../plan/fault.js';
import { planHash } from '../../plan/hash.js';
import { packageRoot } from '../../plan/places.js';
import { readPlan } from '../../plan/read.js';
import { readSweep } from '../../plan/sweep/read.js';
import { faults, file, smallest } from './files.js';

const sweep = `${smallest}eval: {sets: [{path: data/pep}]}
variants:
  whole: {}
  hot:
    loss.temperature: 0.1
    data.sources.0.weight: 2
seeds: [1, 2]
`;

describe('the sweep over planted false negatives', () => {
  const { seeds, variants } = readSweep(join(packageRoot, 'configs/sweep-false-negatives.yaml'));

  test('is each rate with each guard, and every cell is another training', () => {
    expect(seeds).toHaveLength(5);
    const guards = ['none', 'margin', 'soft', 'mask', 'guide', 'debias'];
    const names = ['00', '10', '20', '40'].flatMap((rate) => guards.map((guard) => `${rate}-${guard}`));
    expect(variants.map(({ name }) => name)).toEqual(names);
    expect(new Set(variants.flatMap(({ runs }) => runs.map(({ plan }) => planHash(plan)))).size).toBe(120);
  });

  test.each(variants)('$name trains on its own rate, guarded by what its name says', ({ name, runs }) => {
    const [rate, guard] = name.split('-') as [string, string];
    const { data, loss, eval: judged } = runs[0]!.plan;
    expect(data.sources.map(({ path }) => path)).toEqual(
      ['easy', 'hq'].map((kind) => `concepts/planted-${rate}/${kind}.jsonl`),
    );
    expect(judged.sets).toMatchObject([{ path: 'concepts/planted-00', split: 'test' }]);
    const types = {
      none: [],
      margin: ['positive-margin'],
      soft: ['positive-margin'],
      mask: ['score-mask'],
      guide: ['guide'],
    };
    const { guards, debias } = loss as Extract<typeof loss, { type: 'infonce' }>;
    expect(guards.map(({ type }) => type)).toEqual(types[guard as keyof typeof types] ?? []);
    expect(debias !== null).toBe(guard === 'debias');
  });
});

describe('a sound sweep', () => {
  test('is each variant with each seed', () => {
    const { name, seeds, variants } = readSweep(file(sweep));
    expect(name).toBe('small');
    expect(seeds).toEqual([1, 2]);
    expect(variants.map((variant) => [variant.name, variant.runs.map(({ plan }) => plan.name)])).toEqual([
      ['whole', ['small-whole-seed1', 'small-whole-seed2']],
      ['hot', ['small-hot-seed1', 'small-hot-seed2']],
    ]);
    const hot = variants[1]?.runs[1];
    expect(hot).toMatchObject({ variant: 'hot', seed: 2, plan: { seed: 2, loss: { temperature: 0.1 } } });
    expect(hot?.plan.data.sources[0]?.weight).toBe(2);
    expect(variants[0]?.runs[0]?.plan.loss).toMatchObject({ temperature: 0.05 });
    expect(Object.isFrozen(hot?.plan.loss)).toBe(true);
  });

  test('a run of it is the plan that readPlan gives', () => {
    const alone = readPlan(file(smallest), [
      'name=small-hot-seed2',
      'seed=2',
      'loss.temperature=0.1',
      'data.sources.0.weight=2',
    ]);
    const run = readSweep(file(sweep)).variants[1]?.runs[1];
    expect(run?.plan).toEqual(alone);
    expect(planHash(run?.plan ?? alone)).toBe(planHash(alone));
  });

  test('--set changes the plan under the variants, and the seeds', () => {
    const { seeds, variants } = readSweep(file(sweep), ['loss.temperature=0.5', 'train.batch_size=8', 'seeds=[5]']);
    expect(seeds).toEqual([5]);
    expect(variants.map(({ runs }) => [runs[0]?.plan.loss, runs[0]?.plan.train.batch_size])).toMatchObject([
      [{ temperature: 0.5 }, 8],
      [{ temperature: 0.1 }, 8],
    ]);
  });
});

describe('faults', () => {
  test('in variants, seeds and the plan are told together, each once, where they stand', () => {
    const path = file(`name: small
model: {base: b}
data: {sources: [{name: a, kind: public, path: p}]}
train: {batch_size: 0}
variants:
  one:
    train.optimzer.type: adamw
  two:
    loss.temperature: hot
    seed: 3
    data.sources.1.weight: 2
  "a/b": {}
seeds: [1, 2, 1]
`);
    expect(faults(() => readSweep(path))).toEqual([
      'plan.yaml:4:21 train.batch_size: expected a positive integer, got 0.',
      'plan.yaml:7:5 train.optimzer: unknown key. Did you mean "optimizer"?',
      'plan.yaml:9:23 loss.temperature: expected a positive number, got "hot".',
      "plan.yaml:10:5 seed: the sweep sets each run's seed itself. Remove it.",
      'plan.yaml:11:5 data.sources.1: expected an item\'s number from 0 to 0, got "1".',
      'plan.yaml:12:3 variants.a/b: expected a name of letters, digits, ".", "_" and "-", got "a/b".',
      'plan.yaml:13:15 seeds.2: expected each seed once, got 1 again.',
    ]);
  });

  test.each([
    ['', ['plan.yaml:1:1 seeds: expected a list with at least one item, got nothing.']],
    [
      'variants: {a: }\nseeds: []\n',
      [
        'plan.yaml:6:15 variants.a: expected a mapping, got nothing.',
        'plan.yaml:7:8 seeds: expected a list with at least one item, got an empty list.',
      ],
    ],
    ['variants: {}\nseeds: [1.5]\n', ['plan.yaml:7:9 seeds.0: expected a non-negative integer, got 1.5.']],
    [
      'variants: {}\nseeds: [1]\n',
      ['plan.yaml:6:1 variants: expected at least one, got none. Name one, or remove it.'],
    ],
  ])('%j', (lines, expected) => {
    expect(faults(() => readSweep(file(smallest + lines)))).toEqual(expected);
  });

  test('--set of what the sweep owns', () => {
    expect(faults(() => readSweep(file(sweep), ['seed=3']))[0]).toMatch(/^--set seed=3 seed: .*--set seeds=/);
    expect(faults(() => readSweep(file(sweep), ['variants.hot={}']))[0]).toMatch(
      /^--set variants\.hot=\{\} variants: /,
    );
  });
});

test('whatever is in the file, nothing but a Fault is thrown', () => {
  const start = smallest.length;
  const piece = fc.oneof(
    fc.string({ maxLength: 5 }),
    fc.constantFrom(
      ': ',
      '\n',
      '\n  ',
      '{',
      '}',
      '[1]',
      '- ',
      '..',
      '.',
      'data.sources',
      '__proto__',
      '&a ',
      '*a',
      '? ',
      'null',
    ),
  );
  const edit = fc.record({ at: fc.integer({ min: start, max: sweep.length }), drop: fc.nat(8), put: piece });
  let sound = 0;
  fc.assert(
    fc.property(fc.array(edit, { maxLength: 4 }), (edits) => {
      const text = edits.reduce((old, { at, drop, put }) => old.slice(0, at) + put + old.slice(at + drop), sweep);
      try {
        readSweep(file(text));
        sound++;
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        for (const line of error.message.split('\n')) expect(line).toMatch(/plan\.yaml:\d+:\d+ \S/);
      }
    }),
    { numRuns: 800, seed: 11 },
  );
  expect(sound).toBeGreaterThan(30);
});
