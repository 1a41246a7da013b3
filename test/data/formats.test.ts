import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Source } from '../../data/pairs.js';
import { readSource } from '../../data/source.js';
import type { SourcePlan } from '../../plan/data.js';
import { Fault } from '../../plan/fault.js';
import { packageRoot } from '../../plan/places.js';
import type { RunPlan } from '../../plan/schema.js';

// The fixtures are written by pyarrow and zstandard (fixtures/make.py), with the schemas that are published.
const fixtures = join(packageRoot, 'test/data/fixtures');

let scratch: string;
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'reasontune-formats-'));
});
afterAll(() => rmSync(scratch, { recursive: true }));

type Data = Pick<RunPlan['data'], 'negatives' | 'faults'>;
const data = (faults: Data['faults'] = 'stop'): Data => ({
  faults,
  negatives: { per_query: 0, from: 'source', ranks: [1, 50], choose: 'first' },
});
const plan = (change: Partial<SourcePlan>): SourcePlan => ({
  name: 'own',
  kind: 'public',
  split: 'train',
  weight: 1,
  ...change,
});
const lines = (name: string, ...values: unknown[]): string => {
  const path = join(scratch, name);
  writeFileSync(path, values.map((v) => (typeof v === 'string' ? v : JSON.stringify(v))).join('\n'));
  return path;
};

/** A source's pairs in words: instruction, query, positive, negatives. */
function spelt({ pairs, queries, instructions, documents }: Source): [string, string, string, ...string[]][] {
  return pairs.map(({ query, positive, negatives }) => [
    instructions[query] as string,
    queries[query] as string,
    documents[positive] as string,
    ...negatives.map((n) => documents[n] as string),
  ]);
}

describe('the shapes of a record', () => {
  it.each<[string, unknown, unknown[]]>([
    [
      'plain strings',
      { query: 'q', pos: ['a', 'b'], neg: ['n'] },
      [
        ['', 'q', 'a', 'n'],
        ['', 'q', 'b', 'n'],
      ],
    ],
    [
      'pairs of instruction and text',
      {
        query: ['Find it. ', 'q'],
        pos: [['', 'a']],
        neg: [
          ['', 'n'],
          ['', 'm'],
        ],
      },
      [['Find it.', 'q', 'a', 'n', 'm']],
    ],
    ['anchor, positive, negative', { anchor: 'q', positive: 'a', negative: 'n' }, [['', 'q', 'a', 'n']]],
    ['numbered negatives', { query: 'q', positive: 'a', negative_1: 'n', negative_2: 'm' }, [['', 'q', 'a', 'n', 'm']]],
    ['a question and its answer', { question: 'q', answer: 'a' }, [['', 'q', 'a']]],
    ['an instruction before a document', { query: 'q', pos: [['Read.', 'a']] }, [['', 'q', 'Read.\na']]],
  ])('%s', async (_name, record, expected) => {
    expect(spelt(await readSource(plan({ path: lines('shape.jsonl', record) }), data()))).toEqual(expected);
  });

  it.each<[string, object, number[]]>([
    ['of each text', { query: 'q', pos: ['a'], neg: ['n', 'm'], pos_scores: [9], neg_scores: [1, 2] }, [9, 1, 2]],
    ['in one list', { query: 'q', positive: 'a', negative: 'n', scores: [0.9, 0.1] }, [0.9, 0.1]],
    ['as a margin', { query: 'q', positive: 'a', negative: 'n', score: 3.5 }, [3.5, 0]],
  ])('a teacher’s scores %s', async (_name, record, expected) => {
    const { pairs } = await readSource(plan({ path: lines('scores.jsonl', record) }), data());
    expect([pairs[0]?.scores?.positive, ...(pairs[0]?.scores?.negatives ?? [])]).toEqual(expected);
  });

  it('takes columns, an instruction and a limit from the plan', async () => {
    const path = lines(
      'named.jsonl',
      { frage: 'q', antwort: 'a' },
      { frage: ['Own.', 'r'], antwort: 'b' },
      { frage: 's', antwort: 'c' },
    );
    const columns = { query: 'frage', positive: 'antwort' };
    const source = await readSource(plan({ path, columns, instruction: 'Find.', limit: 2 }), data());
    expect(spelt(source)).toEqual([
      ['Find.', 'q', 'a'],
      ['Own.', 'r', 'b'],
    ]);
  });
});

describe('a record that cannot be used', () => {
  const bad: [string, unknown, RegExp][] = [
    ['not JSON', '{"query":', /^Expected JSON for .*:2, got/],
    ['wrong type', { query: { text: 'q' }, pos: ['a'] }, /:2 query, got \{"text":"q"\}\. Mend/],
    ['wrong type', { query: 'q', pos: [['a', 'b', 'c']] }, /:2 pos\[0\], got \["a","b","c"\]/],
    ['wrong type', ['q', 'a'], /:2 record, got \["q","a"\]/],
    ['missing column', { text: 'q', pos: ['a'] }, /a column for .*:2 query, got text, pos\. Name it in/],
    ['missing column', { query: 'q', text: 'a' }, /:2 positive, got query, text\. .*columns\.positive/],
    ['empty text', { query: 'q', pos: [' '] }, /:2 pos\[0\], got " "/],
    ['half a character', '{"query": "q \\ud800", "pos": ["a"]}', /:2 query, got half of a surrogate pair/],
    ['no positive', { query: 'q', pos: [] }, /:2 pos, got none/],
    ['query equals its positive', { query: 'q', pos: ['q'] }, /other than the query for .*:2, got "q"/],
    [
      'negative equals a positive',
      { query: 'q', pos: ['a'], neg: ['a'] },
      /other than the positives for .*:2, got "a"/,
    ],
    ['wrong type', { query: 'q', pos: ['a'], pos_scores: ['high'] }, /:2 pos_scores, got \["high"\]/],
  ];
  it.each(bad)('%s: stops with its place, or is left out and counted', async (kind, record, message) => {
    const path = lines('bad.jsonl', { query: 'ok', pos: ['fine'] }, record, { query: 'ok too', pos: ['fine'] });
    const stopped = readSource(plan({ path }), data());
    await expect(stopped).rejects.toBeInstanceOf(Fault);
    await expect(stopped).rejects.toThrow(message);
    const { queries, faults } = await readSource(plan({ path }), data('skip'));
    expect(queries.filter((q) => q !== 'q')).toEqual(['ok', 'ok too']);
    expect(faults.counted.get(kind as never)).toMatchObject({ count: 1, first: expect.stringMatching(message) });
    expect(faults.lines('own')[0]).toMatch(new RegExp(`^own: 1 × ${kind} left out; the first: Expected`));
  });

  it('takes NUL, a BOM, Windows line ends and a line of 50 MB', async () => {
    const long = 'long '.repeat(1e7);
    const path = join(scratch, 'odd.jsonl');
    writeFileSync(path, `\uFEFF{"query": "a\\u0000b", "pos": ["c"]}\r\n{"query": "q", "pos": ["${long}"]}\r\n`);
    const { queries, documents } = await readSource(plan({ path }), data());
    expect(queries).toEqual(['a\u0000b', 'q']);
    expect(documents[1]?.length).toBe(5e7);
  });

  it('gives up a line without end, packed small', async () => {
    // One zstd frame of 4,096 blocks, each 128 KiB of one letter: 512 MiB from 16 KiB.
    const block = Buffer.from([((131072 << 3) & 0xff) | 2, (131072 >> 5) & 0xff, (131072 >> 13) & 0xff, 0x61]);
    const last = Buffer.from([3, 0, 0, 0x61]);
    const bomb = Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, 0x38]), ...Array(4096).fill(block), last]);
    const path = join(scratch, 'bomb.jsonl.zst');
    writeFileSync(path, bomb);
    await expect(readSource(plan({ path }), data())).rejects.toThrow(
      /a line of at most 64 MiB for .*bomb\.jsonl\.zst:1/,
    );
    writeFileSync(path, Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, 0xa8]), block, last]));
    await expect(readSource(plan({ path }), data())).rejects.toThrow(/window of at most 128 MiB .* got 2048 MiB/);
    // After a good frame with a checksum, and bytes to be skipped: however the chunks of 2 KiB fall.
    const whole = readFileSync(join(fixtures, 'pairs.jsonl.zst'));
    for (const pad of [0, 1, 2, 3, 2040, 2041, 2042, 2043]) {
      const skipped = Buffer.alloc(8 + pad);
      skipped.writeUInt32LE(0x184d2a51);
      skipped.writeUInt32LE(pad, 4);
      const wide = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, 0xa8]);
      writeFileSync(path, Buffer.concat([whole, skipped, wide, block, last]));
      await expect(readSource(plan({ path }), data())).rejects.toThrow(/window of at most 128 MiB .* got 2048 MiB/);
    }
  });
});

describe('files that other tools wrote', () => {
  it('zstd, with two frames', async () => {
    const { queries } = await readSource(plan({ path: join(fixtures, 'pairs.jsonl.zst') }), data());
    expect([queries.length, queries[399], queries[400]]).toEqual([401, 'question 399', 'a second frame']);
  });

  it.each(['triplets.arrow', 'triplets-file.arrow'])('Arrow, %s', async (name) => {
    expect(spelt(await readSource(plan({ path: join(fixtures, name) }), data()))).toEqual([
      ['', 'why is the sky blue', 'Rayleigh scattering', 'The sea'],
      ['', 'how do bees fly', 'Wings', 'Hives'],
    ]);
  });

  it.each([
    ['pairs.jsonl.zst', /whole zstd file for/],
    ['triplets-file.arrow', /whole Arrow file for/],
    ['triplets.arrow', /whole Arrow file for/],
    ['reasonir-data/hq/train-00000-of-00001.parquet', /whole Parquet file for/],
  ])('%s is refused where it is cut short', async (name, message) => {
    const whole = readFileSync(join(fixtures, name));
    const path = join(scratch, `cut-${name.replaceAll('/', '-')}`);
    for (const share of [0.02, 0.3, 0.6, 0.9]) {
      writeFileSync(path, whole.subarray(0, Math.floor(whole.length * share)));
      const read = readSource(plan({ path }), data());
      await expect(read, `${share}`).rejects.toBeInstanceOf(Fault);
      await expect(read, `${share}`).rejects.toThrow(message);
    }
    copyFileSync(join(fixtures, name), path);
    await expect(readSource(plan({ path }), data())).resolves.toBeDefined();
  });
});

describe("ReasonIR's data and BRIGHT, as folders", () => {
  const reasonir = join(fixtures, 'reasonir-data');
  const bright = join(fixtures, 'BRIGHT');
  const documents = { path: bright, config: 'documents' };

  it('vl as it is, over its shards', async () => {
    const source = await readSource(plan({ path: reasonir, config: 'vl' }), data());
    expect(source.pairs).toHaveLength(12);
    expect(spelt(source)[11]).toEqual([
      'Given this reasoning-intensive query, find relevant documents that could help answer the question.',
      'A long query 11 about tides.',
      "The moon's pull 11 explains it.",
      'A tide table 11 of a port.',
    ]);
    expect(source.labelOf(11)).toMatch(/train-00001-of-00002\.parquet row 4$/);
  });

  it('hq with BRIGHT’s documents in the place of their ids, the later of two counting', async () => {
    const source = await readSource(plan({ path: reasonir, config: 'hq', documents }), data());
    expect(spelt(source).map((pair) => pair[2])).toEqual([
      'The later text of an id counts.',
      ...[1, 2, 3, 4, 5].map((i) => `biology document ${i}: cells, or loops.`),
    ]);
  });

  it('hq with some documents missing: reported', async () => {
    const some = { ...documents, split: 'pony' };
    await expect(readSource(plan({ path: reasonir, config: 'hq', documents: some }), data())).rejects.toThrow(
      /an id of the source's documents for .*hq.*row 2, got "biology\/doc_1\.txt"/,
    );
    const { pairs, faults } = await readSource(plan({ path: reasonir, config: 'hq', documents: some }), data('skip'));
    expect([pairs.length, faults.counted.get('unknown id')?.count]).toEqual([1, 5]);
  });

  it('BRIGHT’s own examples: gold ids, and excluded ones barred', async () => {
    const source = await readSource(
      plan({ path: bright, config: 'examples', split: 'biology', documents: { ...documents, split: 'biology' } }),
      data(),
    );
    expect(source.pairs).toHaveLength(6);
    const third = source.documents.indexOf('biology document 3: cells, or loops.');
    expect(source.barred[0]).toContain(String(third));
    expect(source.barred[1]).not.toContain(String(third));
  });

  it.each<[string, Partial<SourcePlan>, RegExp]>([
    ['no config where there are two', {}, /Expected a config of .*, got none\. Choose one of: hq, vl\.$/],
    ['an unknown config', { config: 'hp' }, /got "hp"\. Choose one of: hq, vl\. Did you mean "hq"\?/],
    ['an unknown split', { config: 'vl', split: 'test' }, /Expected a split of .*, got "test"\. Choose one of: train/],
  ])('refuses %s', async (_name, change, message) => {
    await expect(readSource(plan({ path: reasonir, ...change }), data())).rejects.toThrow(message);
  });
});

describe('any bytes', () => {
  it('are read or refused, quickly and in bounded memory (bench/fuzz-readers.mjs is the long run)', () => {
    const out = execFileSync(process.execPath, [join(packageRoot, 'bench/fuzz-readers.mjs'), '1500', '7'], {
      encoding: 'utf8',
    });
    expect(out).toMatch(/^1500 inputs; the slowest took \d+ ms/);
  });
});
