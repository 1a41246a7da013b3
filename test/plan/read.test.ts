import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Fault } from '../../plan/fault.js';
import { readPlan } from '../../plan/read.js';
import { faults, file, smallest } from './files.js';

/** The faults of `smallest` with these lines after it. */
const withLines = (lines: string, overrides: string[] = []) =>
  faults(() => readPlan(file(smallest + lines), overrides));

describe('a sound plan', () => {
  test('gets every default, and cannot be changed', () => {
    const plan = readPlan(file(smallest));
    expect(plan.train.optimizer.learning_rate).toBe(2e-5);
    expect(plan.data.sources[0]).toEqual({ name: 'pep', kind: 'public', path: 'data/pep', split: 'train', weight: 1 });
    expect(() => {
      (plan.data.sources as unknown[]).push(1);
    }).toThrow(TypeError);
    expect(() => {
      (plan.train.schedule as { type: string }).type = 'linear';
    }).toThrow(TypeError);
  });

  test.each(['2e-5', '2.0e-5', '2E-5', '.00002', '0.00002'])('reads %s as a number', (text) => {
    expect(
      readPlan(file(`${smallest}train: {optimizer: {learning_rate: ${text}}}\n`)).train.optimizer.learning_rate,
    ).toBe(2e-5);
  });

  test('fills in the side of a pair that is not given', () => {
    const { model } = readPlan(
      file(smallest.replace('some/model', 'm, max_length: {query: 64}, prompt: {query: "q: "}')),
    );
    expect(model.max_length).toEqual({ query: 64, document: 256 });
    expect(model.prompt).toEqual({ query: 'q: ', document: '' });
  });

  test('keeps paths as they are written', () => {
    const plan = readPlan(file(smallest.replace('data/pep', './../pep/')));
    expect(plan.data.sources[0]?.path).toBe('./../pep/');
  });
});

describe('faults', () => {
  test('are told all at once, in the order of the file', () => {
    const path = file(`name: my run
seed: -1
modle: {base: x}
data:
  sources:
    - {name: a, kind: publik, path: p, wieght: 3}
  negatives:
    ranks: [1]
train:
  optimzer: {type: adamw}
  batch_size: many
  duration: 500
batch_size: 3
`);
    expect(faults(() => readPlan(path, ['train.batch_sise=3', 'seed.x=2']))).toEqual([
      'plan.yaml:1:7 name: expected a folder name of letters, digits, ".", "_" and "-", got "my run".',
      'plan.yaml:2:7 seed: expected a non-negative integer, got -1.',
      'plan.yaml:3:1 modle: unknown key. Did you mean "model"?',
      'plan.yaml:6:23 data.sources.0.kind: expected one of "varied-length", "hard-query", "public", got "publik". Did you mean "public"?',
      'plan.yaml:6:40 data.sources.0.wieght: unknown key. Did you mean "weight"?',
      'plan.yaml:8:12 data.negatives.ranks: expected a list of 2: a positive integer, a positive integer, got a list of 1.',
      'plan.yaml:10:3 train.optimzer: unknown key. Did you mean "optimizer"?',
      'plan.yaml:11:15 train.batch_size: expected a positive integer, got "many".',
      'plan.yaml:12:13 train.duration: expected a duration such as "500 steps", "3 epochs" or "20000 examples", got 500.',
      'plan.yaml:13:1 batch_size: unknown key. Did you mean "train.batch_size"?',
      '--set train.batch_sise=3 train.batch_sise: unknown key. Did you mean "batch_size"?',
      '--set seed.x=2 seed: expected a mapping or a list, got -1.',
    ]);
  });

  test.each([
    [
      'train: {batch_size: 1_000}',
      'plan.yaml:6:21 train.batch_size: expected a positive integer, got "1_000". Write it as 1000.',
    ],
    [
      'train: {clip_norm: "2e-5"}',
      'plan.yaml:6:20 train.clip_norm: expected a positive number or null, got "2e-5". Write it as 2e-5.',
    ],
    ['train: {clip_norm: .inf}', 'plan.yaml:6:20 train.clip_norm: expected a positive number or null, got Infinity.'],
    ['train: {batch_size: 2.5}', 'plan.yaml:6:21 train.batch_size: expected a positive integer, got 2.5.'],
    ['train:', 'plan.yaml:6:7 train: expected a mapping, got nothing.'],
    ['train: [1]', 'plan.yaml:6:8 train: expected a mapping, got a list of 1.'],
    ['eval: {metrics: []}', 'plan.yaml:6:17 eval.metrics: expected a list with at least one item, got an empty list.'],
    ['eval: {sets: [{name: x}]}', 'plan.yaml:6:15 eval.sets.0.path: expected a non-empty text, got nothing.'],
    ['loss: {in_batch: yes}', 'plan.yaml:6:18 loss.in_batch: expected true or false, got "yes".'],
    [
      'loss: {type: infonse}',
      'plan.yaml:6:14 loss.type: expected one of "infonce", "distill", "custom", got "infonse". Did you mean "infonce"?',
    ],
    ['loss: {temprature: 1}', 'plan.yaml:6:8 loss.temprature: unknown key. Did you mean "temperature"?'],
    [
      'loss: {matryoshka: 64}',
      'plan.yaml:6:20 loss.matryoshka: expected a list with at least one item or null, got 64.',
    ],
    [
      'loss: {guards: [{type: same-txt}]}',
      'plan.yaml:6:24 loss.guards.0.type: expected one of "same-text", "positive-margin", "score-mask", "guide", got "same-txt". Did you mean "same-text"?',
    ],
    [
      'loss: {guards: [{ratio: 0.95}]}',
      'plan.yaml:6:17 loss.guards.0.type: expected one of "same-text", "positive-margin", "score-mask", "guide", got nothing.',
    ],
    [
      'loss: {guards: [{type: positive-margin, ration: 1}]}',
      'plan.yaml:6:41 loss.guards.0.ration: unknown key. Did you mean "ratio"?',
    ],
    [
      'loss: {guards: [{type: positive-margin}]}',
      'plan.yaml:6:17 loss.guards.0.ratio: expected a ratio or a margin, one of the two. Write ratio: 0.95, for example.',
    ],
    ['loss: {guards: [{type: guide}]}', 'plan.yaml:6:17 loss.guards.0.model: expected a non-empty text, got nothing.'],
    [
      'loss: {type: distill}',
      'plan.yaml:6:14 loss.type: expected negatives with scores for distill. Set data.negatives.from: source and per_query to 1 or more.',
    ],
    [
      '  negatives: {per_query: 1}\nloss: {type: distill, in_batch: true}',
      'plan.yaml:7:23 loss.in_batch: unknown key. Known here: type, temperature, teacher_temperature, matryoshka.',
    ],
    ['loss: {debias: 1}', 'plan.yaml:6:16 loss.debias: expected a number above 0 and below 1 or null, got 1.'],
    ['guards: []', 'plan.yaml:6:1 guards: unknown key. Did you mean "loss.guards"?'],
    [
      'zzz: 1',
      'plan.yaml:6:1 zzz: unknown key. Known here: name, seed, model, data, loss, train, eval, backend, cuda.',
    ],
    [
      '"__proto__": {x: 1}',
      'plan.yaml:6:1 __proto__: unknown key. Known here: name, seed, model, data, loss, train, eval, backend, cuda.',
    ],
    ['seed: 1\nseed: 2', 'plan.yaml:7:1 seed: expected each key once, got it a second time. Remove one of the two.'],
    [
      'variants: {}\nseeds: [1]',
      'plan.yaml:6:1 variants: expected one plan, got a sweep. Run `reasontune sweep plan.yaml`.',
    ],
  ])('%s', (line, fault) => {
    expect(withLines(`${line}\n`)).toEqual([fault]);
  });

  test('a number where a text is wanted says how to write it', () => {
    expect(faults(() => readPlan(file(smallest.replace('small', '2024'))))).toEqual([
      'plan.yaml:1:7 name: expected a folder name of letters, digits, ".", "_" and "-", got 2024. Write it in quotes: "2024".',
    ]);
  });

  test('behind an alias stand where it leads', () => {
    const lines = withLines('train: {optimizer: &o {typ: adamw}}\nloss: *o\n');
    expect(lines.sort()).toEqual([
      'plan.yaml:6:24 loss.typ: unknown key. Did you mean "type"?',
      'plan.yaml:6:24 train.optimizer.typ: unknown key. Did you mean "type"?',
    ]);
  });
});

describe('files that hold no plan', () => {
  test.each([
    ['nothing', '', 'plan.yaml:1:1 expected a plan, got an empty file.'],
    ['a comment', '# later\n', 'plan.yaml:1:1 expected a plan, got an empty file.'],
    ['a list', '\n- a\n', 'plan.yaml:2:1 expected a mapping of keys to values, got a list.'],
    ['a word', 'abc', 'plan.yaml:1:1 expected a mapping of keys to values, got text.'],
    ['an unknown tag', 'a: !foo 3', 'plan.yaml:1:4 expected valid YAML, got an error: Unresolved tag: !foo.'],
    [
      'two plans',
      `${smallest}---\n${smallest}`,
      /^plan\.yaml:6:1 expected valid YAML, got an error: .*multiple documents/,
    ],
    ['a missing anchor', 'a: *y', /^plan\.yaml:1:1 expected valid YAML, got an error: Unresolved alias/],
    [
      'binary data',
      new Uint8Array([0x89, 0x50, 0xff, 0xfe, 0]),
      /^plan\.yaml:1:1 expected a YAML text in UTF-8, got binary/,
    ],
    ['NUL bytes', 'a: \0', /^plan\.yaml:1:1 expected a YAML text in UTF-8, got binary data/],
    ['a data file', 'x'.repeat(2 << 20), /^plan\.yaml: expected a plan of at most 1 MiB, got 2097152 bytes/],
    ['a deep nest', '['.repeat(20_000), /^plan\.yaml:1:\d+ expected valid YAML/],
  ])('%s', (_, text, fault) => {
    expect(faults(() => readPlan(file(text)))[0]).toEqual(
      typeof fault === 'string' ? fault : expect.stringMatching(fault),
    );
  });

  test('every syntax error is told', () => {
    expect(faults(() => readPlan(file('a: [1\nb: }')))).toEqual([
      expect.stringMatching(/^plan\.yaml:2:1 expected valid YAML, got an error: .*\.$/),
      expect.stringMatching(/^plan\.yaml:2:4 expected valid YAML, got an error: .*\.$/),
    ]);
  });

  test('a missing file names the one beside it', () => {
    const path = file(smallest, 'quickstart.yaml');
    expect(faults(() => readPlan(path.replace('quickstart', 'quikstart')))).toEqual([
      'quikstart.yaml: expected a plan file, got no such file. Did you mean "quickstart.yaml"?',
    ]);
    expect(faults(() => readPlan('no/such/folder/x.yaml'))).toEqual([
      'no/such/folder/x.yaml: expected a plan file, got no such file. Check the path.',
    ]);
  });

  test('a folder', () => {
    expect(faults(() => readPlan('test'))).toEqual([
      'test: expected a plan file, got a folder. Name a YAML file in it.',
    ]);
  });
});

describe('overrides', () => {
  test('reach any path, also ones the file leaves out; later ones win', () => {
    const plan = readPlan(file(smallest), [
      'train.optimizer.learning_rate=1e-4',
      'data.sources.0.weight=2',
      'model.max_length.query=128',
      'model.prompt.query="query: "',
      'train.clip_norm=null',
      'seed=1',
      'seed=2',
      'eval.sets=[{path: a}]',
    ]);
    expect(plan.train.optimizer).toEqual({ type: 'adamw', learning_rate: 1e-4, weight_decay: 0.01 });
    expect(plan.data.sources[0]?.weight).toBe(2);
    expect(plan.model.max_length).toEqual({ query: 128, document: 256 });
    expect(plan.model.prompt.query).toBe('query: ');
    expect(plan.train.clip_norm).toBeNull();
    expect(plan.seed).toBe(2);
    expect(plan.eval.sets).toEqual([{ path: 'a', split: 'test' }]);
  });

  test('mend what is wrong in the file', () => {
    expect(readPlan(file(`${smallest}seed: x\n`), ['seed=3']).seed).toBe(3);
  });

  test('do not leak through an alias', () => {
    const text = 'eval: {sets: [&s {path: a}, *s]}\n';
    const plan = readPlan(file(smallest + text), ['eval.sets.1.path=b']);
    expect(plan.eval.sets.map(({ path }) => path)).toEqual(['a', 'b']);
  });

  test.each([
    [
      'train.optimzer.type=adamw',
      '--set train.optimzer.type=adamw train.optimzer: unknown key. Did you mean "optimizer"?',
    ],
    ['train.batch_size=many', '--set train.batch_size=many train.batch_size: expected a positive integer, got "many".'],
    [
      'data.sources.1.weight=1',
      '--set data.sources.1.weight=1 data.sources.1: expected an item\'s number from 0 to 0, got "1".',
    ],
    [
      'model.prompt.query=query: ',
      '--set model.prompt.query=query:  model.prompt.query: expected a text, got a mapping. Write it in quotes: "query: ".',
    ],
    [
      '__proto__.x=1',
      '--set __proto__.x=1 __proto__: unknown key. Known here: name, seed, model, data, loss, train, eval, backend, cuda.',
    ],
    ['seed', '--set seed: expected path=value, got "seed". Write --set train.batch_size=64.'],
    ['seed=[', /^--set seed=\[: expected a YAML value, got an error: Flow sequence/],
    [
      'a\nb=1',
      '--set a\\nb=1 a\\nb: unknown key. Known here: name, seed, model, data, loss, train, eval, backend, cuda.',
    ],
    ['=3', '--set =3: expected path=value, got "=3". Write --set train.batch_size=64.'],
  ])('--set %s', (override, fault) => {
    expect(withLines('', [override])).toEqual([typeof fault === 'string' ? fault : expect.stringMatching(fault)]);
  });
});

test('whatever is in the file, nothing but a Fault is thrown', () => {
  const whole = `${smallest}  negatives: {per_query: 1, ranks: [1, 50]}
train: &t
  optimizer: {type: adamw, learning_rate: 2e-5}
  schedule: {warmup: 6%}
eval: {sets: [{path: a}], metrics: [nDCG@10]}
`;
  const piece = fc.oneof(
    fc.string({ maxLength: 6 }),
    fc.constantFrom(
      ':',
      '- ',
      '\n',
      '{',
      '}',
      '[',
      ']',
      '*t',
      '&t ',
      '<<: ',
      '!!set ',
      '? ',
      '"',
      "'",
      '|\n',
      '\t',
      '%',
      '---\n',
      '#',
      '~',
      '__proto__: ',
    ),
    fc.string({ unit: 'binary', maxLength: 4 }),
  );
  const edit = fc.record({ at: fc.nat(whole.length), drop: fc.nat(12), put: piece });
  const override = fc.oneof(
    fc.string({ maxLength: 12 }),
    fc
      .tuple(fc.constantFrom('seed', 'train', 'data.sources.0', 'data.sources', '', '.', 'a..b'), piece)
      .map(([a, b]) => `${a}=${b}`),
  );
  let sound = 0;
  fc.assert(
    fc.property(fc.array(edit, { maxLength: 4 }), fc.array(override, { maxLength: 2 }), (edits, overrides) => {
      const text = edits.reduce((old, { at, drop, put }) => old.slice(0, at) + put + old.slice(at + drop), whole);
      try {
        readPlan(file(text), overrides);
        sound++;
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        for (const line of error.message.split('\n')) expect(line).toMatch(/^(.*plan\.yaml:(\d+:\d+)? |--set .*: )\S/);
      }
    }),
    { numRuns: 1500, seed: 7 },
  );
  expect(sound).toBeGreaterThan(50);
});
