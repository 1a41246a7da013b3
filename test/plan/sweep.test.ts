import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
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
      'eval.sets=[{path: data/pep}]',
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

describe('axes, searches and bases', () => {
  const plain = `${smallest}eval: {sets: [{path: data/pep}]}\nseeds: [1]\n`;
  const names = (text: string): string[] => readSweep(file(text)).variants.map(({ name }) => name);

  test('axes are crossed with variants and each other, and named by path and value or by name', () => {
    const { variants } = readSweep(
      file(`${plain}variants: {long: {}, short: {model.max_length.query: 64}}
axes:
  loss.temperature: [0.02, 0.1]
  guards: {none: {}, same: {loss.guards: [{type: same-text}]}}
`),
    );
    expect(variants).toHaveLength(8);
    expect(variants[7]).toMatchObject({
      name: 'short-temperature-0.1-same',
      settings: { 'model.max_length.query': 64, 'loss.temperature': 0.1, 'loss.guards': [{ type: 'same-text' }] },
      runs: [
        {
          plan: {
            loss: { temperature: 0.1, guards: [{ type: 'same-text' }] },
            name: 'small-short-temperature-0.1-same-seed1',
          },
        },
      ],
    });
    expect(names(`${plain}axes: {train.duration: [20 steps, 1 epoch], train.clip_norm: [null, 1.5]}\n`)).toContain(
      'duration-20-steps-clip_norm-null',
    );
  });

  test('a search draws within its ranges, evenly in the logarithm, and keeps its draws when it grows', () => {
    const search = (runs: number): string => `${plain}search:
  runs: ${runs}
  over:
    train.optimizer.learning_rate: {log_uniform: [1.0e-6, 1.0e-2]}
    loss.temperature: {uniform: [0.02, 0.1]}
    train.batch_size: {choices: [8, 16, 32]}
`;
    const draws = readSweep(file(search(300))).variants.map(({ runs }) => runs[0]!.plan);
    const share = (of: (plan: (typeof draws)[number]) => boolean): number => draws.filter(of).length / 300;
    const rate = ({ train }: (typeof draws)[number]): number => train.optimizer.learning_rate;
    const heat = ({ loss }: (typeof draws)[number]): number => (loss.type === 'custom' ? 0 : loss.temperature);
    expect(
      draws.every((plan) => rate(plan) >= 1e-6 && rate(plan) <= 1e-2 && heat(plan) >= 0.02 && heat(plan) <= 0.1),
    ).toBe(true);
    // A half with a standard error of 0.03, a third likewise.
    for (const half of [share((plan) => rate(plan) < 1e-4), share((plan) => heat(plan) < 0.06)])
      expect(Math.abs(half - 0.5)).toBeLessThan(0.1);
    for (const size of [8, 16, 32])
      expect(Math.abs(share(({ train }) => train.batch_size === size) - 1 / 3)).toBeLessThan(0.1);
    expect(readSweep(file(search(5))).variants).toEqual(readSweep(file(search(300))).variants.slice(0, 5));
    expect(names(`${plain}search: {runs: 3, over: {train.batch_size: {choices: [8, 16, 32]}}}\n`)).toHaveLength(3);
  });

  test('a file is laid over its base, and that over its own; mappings go into each other unless their type differs', () => {
    file(
      `${smallest}loss: {temperature: 0.2, symmetric: true}\ntrain: {batch_size: 4, precision: bfloat16}\n`,
      'lowest.yaml',
    );
    file('base: lowest.yaml\nname: middle\ntrain: {batch_size: 8}\n', 'middle.yaml');
    const plan = readPlan(file('base: middle.yaml\nname: top\ntrain: {clip_norm: null}\n', 'top.yaml'));
    expect(plan).toMatchObject({
      name: 'top',
      train: { batch_size: 8, precision: 'bfloat16', clip_norm: null },
      loss: { temperature: 0.2 },
    });
    const other = file(
      'base: lowest.yaml\nname: other\nloss: {type: distill}\ndata: {negatives: {per_query: 1}}\n',
      'other.yaml',
    );
    file(
      readFileSync(join(dirname(other), 'lowest.yaml'), 'utf8').replace('loss: {', 'loss: {type: infonce, '),
      'lowest.yaml',
    );
    expect(readPlan(other).loss).toEqual({
      type: 'distill',
      temperature: 0.05,
      teacher_temperature: 1,
      matryoshka: null,
    });
    expect(
      readSweep(file(`base: middle.yaml\nname: s\neval: {sets: [{path: p}]}\nseeds: [1]\nvariants: {a: {}}\n`))
        .variants[0]!.runs[0]!.plan.train.batch_size,
    ).toBe(8);
  });

  test('bases that are not there, or lead back, and faults in a base are told where they stand', () => {
    file('base: b.yaml\nname: a\n', 'a.yaml');
    file('base: a.yaml\nname: b\n', 'b.yaml');
    expect(faults(() => readPlan(join(dirname(file('', 'c.yaml')), 'a.yaml')))).toEqual([
      'b.yaml:1:1 base: expected a plan that does not lead back here, got a.yaml → b.yaml → a.yaml. Remove one base.',
    ]);
    expect(faults(() => readPlan(file('base: lowst.yaml\nname: x\n')))[0]).toMatch(
      /^plan\.yaml:1:1 base: expected a plan file, got "lowst\.yaml": there is no lowst\.yaml\. Did you mean "lowest\.yaml"\?$/,
    );
    expect(faults(() => readPlan(file('base: lowest.yaml\n')))).toEqual([
      'plan.yaml:1:1 name: expected a name beside base, got none. Write one: it names the folder.',
    ]);
    file(`${smallest}train: {batch_size: 0}\n`, 'lowest.yaml');
    expect(faults(() => readPlan(file('base: lowest.yaml\nname: x\nloss: {temperature: hot}\n')))).toEqual([
      'lowest.yaml:6:21 train.batch_size: expected a positive integer, got 0.',
      'plan.yaml:3:21 loss.temperature: expected a positive number, got "hot".',
    ]);
    expect(faults(() => readPlan(file('base: 3\nname: x\n')))[0]).toMatch(
      /^plan\.yaml:1:1 base: expected a plan file\./,
    );
  });

  test.each([
    ['axes: {los.temperature: [1]}', '8:8 los: unknown key. Did you mean "loss"?'],
    ['axis: {loss.temperature: [1]}', '8:1 axis: unknown key. Did you mean "axes"?'],
    [
      'axes: {loss.temperature: []}',
      '8:26 axes.loss.temperature: expected a list of values, got an empty list. Add one.',
    ],
    [
      'axes: {loss.temperature: [0.1, 0.1]}',
      '8:32 axes.loss.temperature.1: expected each value once, got 0.1 again. Remove one.',
    ],
    ['axes: {loss.temperature: 0.1}', '8:8 axes.loss.temperature: expected a list of values, or names with settings.'],
    [
      'axes: {loss.guards: [[]]}',
      '8:22 axes.loss.guards.0: expected a number, a text, true, false or null. Name what is larger: axes: {guards: {some-name: {loss.guards: …}}}.',
    ],
    ['axes: {a: {b: 3}}', '8:15 axes.a.b: expected a mapping of paths to values, such as {loss.temperature: 0.1}.'],
    [
      'axes: {eval.sets.0.split: [dev]}',
      '8:8 eval.sets.0.split: expected the same for all runs, which are compared by it. Set it once, above the variants.',
    ],
    ['axes: {seeds: [1]}', '8:8 seeds: expected a path of the plan. Set it once, above the variants.'],
    ['variants: {a: {}, a: {}}', '8:19 a: expected each key once, got it a second time. Remove one of the two.'],
    [
      'variants: {a: {}, b: {loss.temperature: 0.05}}',
      '8:23 b: expected another training than a, got the same plan. Remove one.',
    ],
    [
      'axes: {loss.temperature: [0.1], x: {temperature-0.1: {}}, y: {a: {}, a-a: {}}, z: {a-a: {}, a: {seed: 0}}}',
      "8:97 seed: the sweep sets each run's seed itself. Remove it.",
    ],
    [
      'axes: {y: {a: {}, a-a: {loss.temperature: 1}}, z: {a-a: {loss.debias: 0.1}, a: {}}}',
      '8:25 a-a-a: expected a name for each variant, got this one twice. Rename one.',
    ],
    ['variants: {base: {}}', '8:12 base: expected another name: "base" is the model before training. Rename it.'],
    ['variants: {a: {}}\nbaseline: b', '9:11 baseline: expected a variant or "base", got "b". Did you mean "a"?'],
    ['variants: {a: {}}\nbaseline: whole', '9:11 baseline: expected a variant or "base", got "whole". Known: base, a.'],
    [
      'variants: {a: {}, b: {model.base: x}}\nbaseline: base',
      '9:11 baseline: expected a variant where model.base varies, got "base", which are 2 models.',
    ],
    ['variants: {a: {}}\nparallel: 0', '9:11 parallel: expected a positive integer, got 0.'],
    ['variants: {a: {}}\ndevices: [cuda:1]', '9:11 devices.0: expected a device such as "torch:cuda:1", got "cuda:1".'],
    [
      'variants: {a: {}}\ndevices: [torch:cuda:0]\nparallel: 2',
      '10:11 parallel: expected parallel or devices, got both. Name a device twice for two runs on it.',
    ],
    [
      'variants: {a: {backend: wasm}}\ndevices: [torch:cuda:0]',
      '9:10 devices: expected backend: auto with devices, got backend: wasm. Change one.',
    ],
    ['variants: {a: {}}\nslurm: {array: 1-2}', '9:16 slurm.array: the sweep sets it itself. Remove it.'],
    [
      'search: {runs: 2, over: {loss.temperature: {uniform: [0.1, 0.1]}}}',
      '8:54 search.over.loss.temperature.uniform: expected [low, high], got [0.1, 0.1], an empty range. Put the lower first.',
    ],
    [
      'search: {runs: 2, over: {loss.temperature: {log_uniform: [0, 0.1]}}}',
      '8:58 search.over.loss.temperature.log_uniform: expected bounds above 0, got 0. Use uniform.',
    ],
    [
      'search: {runs: 2, over: {loss.temperature: {}}}',
      '8:44 search.over.loss.temperature: expected one of uniform, log_uniform and choices, got none. Write one.',
    ],
    [
      'search: {runs: 2, over: {loss.temprature: {uniform: [0.1, 1]}}}',
      '8:26 loss.temprature: unknown key. Did you mean "temperature"?',
    ],
    [
      'search: {runs: 4, over: {train.batch_size: {choices: [8, 16]}}}',
      '8:16 search.runs: expected at most 2, as many as differ, got 4. Lower it, or use axes.',
    ],
    ['search: {runs: 2, over: {}}', '8:19 search.over: expected a range for at least one path, got none.'],
    [
      'axes: {loss.temperature: [1, 2, 3]}\nhalving: {by: nDCG@10, first: 0.1 epochs}',
      '9:31 halving.first: expected at least 9 variants for 3 rungs that keep one in 3, got 3. Raise it, or add variants.',
    ],
    [
      'axes: {loss.temperature: [1, 2, 3]}\nhalving: {by: nDCG@10, first: 100 steps}',
      '9:31 halving.first: expected less than train.duration, 1 epoch, in its unit, got 100 steps. Shorten it.',
    ],
    [
      'axes: {loss.temperature: [1, 2, 3]}\nhalving: {by: AP, first: 0.5 epochs}',
      '9:15 halving.by: expected one of eval.metrics, got AP. Known: nDCG@10, R@100.',
    ],
    [
      'axes: {loss.temperature: [1, 2, 3]}\nhalving: {by: nDCG@10, set: pip, first: 0.5 epochs}',
      '9:29 halving.set: expected a name of eval.sets, got "pip". Did you mean "pep"?',
    ],
    [
      'variants:\n  a: {data.negatives: {per_query: 1, from: mined}, data.mining: {number: 3}}\n  b: {data.negatives: {per_query: 1, from: mined}, data.mining: {number: 4}}',
      '10:52 b: expected a folder of its own for what it mines otherwise than a, got mined for both. Set data.mining.folder.',
    ],
  ])('%s', (lines, fault) => {
    expect(faults(() => readSweep(file(`${plain}${lines}\n`)))).toEqual([`plan.yaml:${fault}`]);
  });

  test('a sweep without sets to compare on, or with several seeds where it halves', () => {
    expect(faults(() => readSweep(file(`${smallest}seeds: [1]\nvariants: {a: {}}\n`)))).toEqual([
      'plan.yaml:1:1 eval.sets: expected a set to compare runs on, got none. Name one.',
    ]);
    const halved = `${plain.replace('[1]', '[1, 2]')}axes: {loss.temperature: [1, 2, 3]}\nhalving: {by: nDCG@10, first: 0.5 epochs}\n`;
    expect(faults(() => readSweep(file(halved)))[0]).toMatch(
      /seeds: expected one seed with halving, got 2\. Search with one/,
    );
  });
});
