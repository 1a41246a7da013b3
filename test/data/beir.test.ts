import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCollection, readTrainingPairs } from '../../data/beir.js';
import { Fault } from '../../plan/fault.js';
import { packageRoot } from '../../plan/places.js';

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'reasontune-beir-'));
});
afterAll(() => rmSync(root, { recursive: true }));

const header = 'query-id\tcorpus-id\tscore\n';
const good = {
  'corpus.jsonl':
    '{"_id":"d1","title":"On bees","text":"Bees fly. "}\n{"_id":"d2","text":" No title. "}\n{"_id":"d3","title":"Title only","text":""}\n',
  'queries.jsonl':
    '{"_id":"q1","text":"who flies"}\n{"_id":"q2","text":" what else ","excluded_ids":["d2","gone"]}\n{"_id":"q3","text":"unjudged"}\n',
  'qrels/test.tsv': `${header}q2\td1\t1\nq1\td1\t2\nq2\td3\t0\n`,
  'qrels/train.tsv': `${header}q1\td2\t1\nq2\td2\t1\nq1\td3\t0\nq1\td1\t3\n`,
};
type Files = Partial<Record<keyof typeof good | `${keyof typeof good}.gz`, string | Uint8Array | null>>;

/** A folder in BEIR layout with some files changed, or (null) missing. */
function folderWith(changes: Files = {}): string {
  const folder = mkdtempSync(join(root, 'set-'));
  mkdirSync(join(folder, 'qrels'));
  for (const [name, content] of Object.entries({ ...good, ...changes })) {
    if (content !== null) writeFileSync(join(folder, name), content);
  }
  return folder;
}

describe('readCollection', () => {
  it('reads documents, the judged queries in the order of their judgements, and grades', () => {
    const folder = folderWith();
    expect(readCollection(folder, 'test')).toEqual({
      name: folder.split('/').at(-1),
      corpus: { ids: ['d1', 'd2', 'd3'], texts: ['On bees Bees fly.', 'No title.', 'Title only'] },
      queries: [
        { id: 'q2', text: 'what else', excluded: ['d2', 'gone'] },
        { id: 'q1', text: 'who flies', excluded: [] },
      ],
      qrels: new Map([
        [
          'q2',
          new Map([
            ['d1', 1],
            ['d3', 0],
          ]),
        ],
        ['q1', new Map([['d1', 2]])],
      ]),
      lacking: { documents: [], queries: [] },
    });
  });

  it('reads gzip files and Windows line ends alike', () => {
    const packed = folderWith({
      'corpus.jsonl': null,
      'corpus.jsonl.gz': gzipSync(good['corpus.jsonl'].replaceAll('\n', '\r\n')),
      'queries.jsonl': null,
      'queries.jsonl.gz': gzipSync(good['queries.jsonl']),
      'qrels/test.tsv': good['qrels/test.tsv'].replaceAll('\n', '\r\n'),
    });
    expect({ ...readCollection(packed, 'test'), name: '' }).toEqual({
      ...readCollection(folderWith(), 'test'),
      name: '',
    });
  });

  const faults: [string, Files, RegExp][] = [
    [
      'no corpus',
      { 'corpus.jsonl': null },
      /with corpus\.jsonl, queries\.jsonl .* and qrels\/<split>\.tsv for .*, got no corpus\.jsonl\. Add/,
    ],
    ['no queries', { 'queries.jsonl': null }, /got no queries\.jsonl/],
    ['no splits at all', { 'qrels/test.tsv': null, 'qrels/train.tsv': null }, /got no qrels\/\*\.tsv/],
    ['another split', { 'qrels/test.tsv': null }, /Expected a split for .*qrels, got "test"\. Choose one of: train\.$/],
    [
      'a repeated document',
      { 'corpus.jsonl': '{"_id":"a","text":"x"}\n{"_id":"a","text":"y"}' },
      /corpus\.jsonl:2, got "a", which line 1 has/,
    ],
    [
      'a repeated query',
      { 'queries.jsonl': '{"_id":"a","text":"x"}\n\n{"_id":"a","text":"y"}' },
      /queries\.jsonl:3, got "a", which line 1 has/,
    ],
    [
      'an empty document',
      { 'corpus.jsonl': '{"_id":"a","title":" ","text":"\\n"}' },
      /Expected text in document "a" for .*corpus\.jsonl:1, got none/,
    ],
    [
      'an empty query',
      { 'queries.jsonl': '{"_id":"a","text":" \\t"}' },
      /Expected text in query "a" for .*queries\.jsonl:1, got none/,
    ],
    ['an empty corpus', { 'corpus.jsonl': '\n' }, /Expected documents for .*corpus\.jsonl, got none/],
    ['an empty id', { 'corpus.jsonl': '{"_id":"","text":"x"}' }, /corpus\.jsonl:1, got ""/],
    ['a number for an id', { 'corpus.jsonl': '{"_id":4,"text":"x"}' }, /string in _id for .*corpus\.jsonl:1, got 4/],
    ['no text', { 'queries.jsonl': '{"_id":"a"}' }, /string in text for .*queries\.jsonl:1, got nothing/],
    ['a line that is no object', { 'queries.jsonl': '["a"]' }, /queries\.jsonl:1, got \["a"\]/],
    ['malformed JSON', { 'queries.jsonl': '{"_id":"a"' }, /JSON for .*queries\.jsonl:1/],
    [
      'excluded_ids of another type',
      { 'queries.jsonl': '{"_id":"a","text":"x","excluded_ids":"d1"}' },
      /excluded_ids for .*queries\.jsonl:1, got "d1"/,
    ],
    ['no header', { 'qrels/test.tsv': 'q1\td1\t1\n' }, /Expected the header .*test\.tsv:1/],
    [
      'judgements of unknown queries alone',
      { 'qrels/test.tsv': `${header}q9\td1\t1\n` },
      /Expected judgements for .*test\.tsv, got 1 of queries that queries\.jsonl lacks/,
    ],
    ['blanks for tabs', { 'qrels/test.tsv': `${header}q1 d1 1\n` }, /between tabs for .*test\.tsv:2, got "q1 d1 1"/],
    ['a TREC line', { 'qrels/test.tsv': `${header}q1\t0\td1\t1\n` }, /between tabs for .*test\.tsv:2/],
    [
      'a fraction for a grade',
      { 'qrels/test.tsv': `${header}q1\td1\t0.5\n` },
      /integer grade for .*test\.tsv:2, got "0\.5"/,
    ],
    ['a repeated judgement', { 'qrels/test.tsv': `${header}q1\td1\t1\nq1\td1\t0\n` }, /once for .*test\.tsv:3/],
    ['no judgements', { 'qrels/test.tsv': header }, /Expected judgements for .*test\.tsv, got none/],
    [
      'a truncated gzip file',
      { 'corpus.jsonl': gzipSync(good['corpus.jsonl']).subarray(0, 40) },
      /whole gzip file for .*corpus\.jsonl/,
    ],
  ];
  it.each(faults)('refuses %s', (_what, changes, message) => {
    const folder = folderWith(changes);
    expect(() => readCollection(folder, 'test')).toThrow(Fault);
    expect(() => readCollection(folder, 'test')).toThrow(message);
  });

  it('tells which judged documents and queries are not there', () => {
    const lines = 'q1\td9\t1\nq1\td1\t1\nq9\td1\t1\nq9\td9\t1\nq2\td9\t1\n';
    const { queries, qrels, lacking } = readCollection(folderWith({ 'qrels/test.tsv': `${header}${lines}` }), 'test');
    expect(lacking).toEqual({ documents: ['d9'], queries: ['q9'] });
    expect(queries.map(({ id }) => id)).toEqual(['q1', 'q2']);
    // It stays among what is to be found: recall without it would be too good.
    expect([...qrels.get('q1')!]).toEqual([
      ['d9', 1],
      ['d1', 1],
    ]);
  });

  it('refuses a folder that is not there', () => {
    expect(() => readCollection(join(root, 'none'), 'test')).toThrow(
      /^Expected a folder with .* for .*none, got no folder\. Check the path\.$/,
    );
  });

  it('gives a collection or a Fault when a file is cut, or bytes in it are changed', () => {
    const names = ['corpus.jsonl', 'queries.jsonl', 'qrels/test.tsv'] as const;
    const folder = folderWith();
    const damage = fc.record({
      name: fc.constantFrom(...names),
      at: fc.nat(400),
      byte: fc.nat(255),
      cut: fc.boolean(),
      packed: fc.boolean(),
    });
    fc.assert(
      fc.property(damage, ({ name, at, byte, cut, packed }) => {
        const whole = packed ? gzipSync(good[name]) : Buffer.from(good[name]);
        const place = at % whole.length;
        if (!cut) whole[place] = byte;
        writeFileSync(join(folder, name), cut ? whole.subarray(0, place) : whole);
        try {
          const { corpus, queries, qrels } = readCollection(folder, 'test');
          expect(corpus.ids.length).toBe(corpus.texts.length);
          expect(queries.map(({ id }) => id)).toEqual([...qrels.keys()]);
        } catch (error) {
          expect(error).toBeInstanceOf(Fault);
          expect((error as Fault).message).not.toContain('\n');
        } finally {
          writeFileSync(join(folder, name), good[name]);
        }
      }),
      { numRuns: 400 },
    );
  });
});

describe('readTrainingPairs', () => {
  it('lists positives in the order of the file, also where queries alternate', () => {
    const { collection, pairs } = readTrainingPairs(folderWith(), 'train');
    const named = pairs.map(({ query, positive }) => [collection.queries[query]!.id, collection.corpus.ids[positive]]);
    expect(named).toEqual([
      ['q1', 'd2'],
      ['q2', 'd2'],
      ['q1', 'd1'],
    ]);
  });

  it.each([
    ['query', 'q9\td1\t1\n', /Expected a query of queries\.jsonl for .*train\.tsv:2, got "q9"/],
    ['document', 'q1\td9\t1\n', /Expected a document of corpus\.jsonl for .*train\.tsv:2, got "d9"/],
  ])('refuses a judgement of an unknown %s', (_what, line, message) => {
    const folder = folderWith({ 'qrels/train.tsv': `${header}${line}` });
    expect(() => readTrainingPairs(folder, 'train')).toThrow(message);
  });

  it('refuses a split without a positive', () => {
    const folder = folderWith({ 'qrels/train.tsv': `${header}q1\td1\t0\n` });
    expect(() => readTrainingPairs(folder, 'train')).toThrow(/grade above 0 for .*train\.tsv, got none/);
  });
});

describe('examples', () => {
  const sizes = {
    'pep-citations': [736, 114, 298],
    scifact: [5183, 300, 339],
    'stackexchange-answers': [749, 497, 497],
    medquad: [1331, 456, 456],
  };
  it.each(Object.entries(sizes))('%s is whole', (name, [documents, queries, judgements]) => {
    const { corpus, queries: asked, qrels } = readCollection(join(packageRoot, 'examples', name), 'test');
    const judged = [...qrels.values()].reduce((sum, grades) => sum + grades.size, 0);
    expect([corpus.ids.length, asked.length, judged]).toEqual([documents, queries, judgements]);
    const own = asked.map(({ id }) => (name === 'pep-citations' ? [id.replace('q', 'pep-')] : []));
    expect(asked.map(({ excluded }) => excluded)).toEqual(own);
  });

  const shared = join(packageRoot, '../shared/data');
  const present = existsSync(shared);
  if (!present) console.log('test/data/beir.test.ts: ../shared is absent, the examples are not rebuilt');
  it.skipIf(!present)('are what rebuild.mjs makes, and makes again', () => {
    const folder = mkdtempSync(join(root, 'examples-'));
    copyFileSync(join(packageRoot, 'examples/rebuild.mjs'), join(folder, 'rebuild.mjs'));
    const files = Object.keys(sizes).flatMap((name) => [
      `${name}/corpus.jsonl.gz`,
      `${name}/queries.jsonl.gz`,
      `${name}/qrels/test.tsv`,
      `${name}/README.md`,
    ]);
    const make = () => {
      execFileSync(process.execPath, [
        join(folder, 'rebuild.mjs'),
        ...Object.keys(sizes).map((name) => join(shared, name)),
      ]);
      return files.map((file) => readFileSync(join(folder, file)));
    };
    const [once, again] = [make(), make()];
    for (const [i, file] of files.entries()) {
      expect(once[i]!.equals(again[i]!), file).toBe(true);
      // Another zlib may pack otherwise; what is packed is the same.
      const open = (bytes: Buffer) => (file.endsWith('.gz') ? gunzipSync(bytes) : bytes);
      expect(open(once[i]!).equals(open(readFileSync(join(packageRoot, 'examples', file)))), file).toBe(true);
    }
  });
});
