import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { presetsOf } from '../../data/presets/presets.js';
import { presetFolder, readPreset } from '../../data/presets/read-preset.js';

let cache: string;
beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), 'reasontune-presets-'));
  vi.stubEnv('REASONTUNE_CACHE', cache);
  vi.stubEnv('HF_HOME', join(cache, 'hf'));
  vi.stubEnv('HF_HUB_CACHE', join(cache, 'hf/hub'));
  vi.stubEnv('HF_HUB_OFFLINE', '1');
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(cache, { recursive: true });
});

const one = (name: string) => presetsOf(name)[0]!;
const say = () => {};

/** A copy of a preset's data set, in the hub's layout: README with configs, JSON lines. */
function copy(name: string, files: Readonly<Record<string, unknown[]>>, readme: string) {
  const folder = presetFolder(one(name));
  for (const [path, rows] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), rows.map((row) => JSON.stringify(row)).join('\n'));
  }
  writeFileSync(join(folder, 'README.md'), `---\nconfigs:\n${readme}\n---\n`);
}

const part = (config: string, split: string, path: string) =>
  `- config_name: ${config}\n  data_files:\n  - split: ${split}\n    path: ${path}`;

describe('presets', () => {
  it('are BRIGHT’s twelve tasks, eight of them long, and BEIR’s public sets, each at a commit', () => {
    expect(presetsOf('bright:all')).toHaveLength(12);
    expect(presetsOf('bright-long:all')).toHaveLength(8);
    expect(presetsOf('beir:all')).toHaveLength(26);
    expect(presetsOf('beir:cqadupstack').map(({ hub }) => hub)).toContain('mteb/cqadupstack-gis');
    expect(presetsOf('beir:cqadupstack')).toHaveLength(12);
    expect(one('beir:msmarco').part).toBe('dev');
    for (const name of ['bright:all', 'bright-long:all', 'beir:all']) {
      for (const { revision } of presetsOf(name)) expect(revision).toMatch(/^[0-9a-f]{40}$/);
    }
    expect(() => presetsOf('bright:biologie')).toThrow(/bright:all or one of: bright:biology, .*Did you mean/);
    expect(() => presetsOf('bright-long:aops')).toThrow(/Expected a preset of bright-long/);
  });

  it('BRIGHT drops what a query excludes, in the original and the long form', async () => {
    const task = 'earth_science';
    copy(
      `bright:${task}`,
      {
        'documents/a.jsonl': [
          { id: 'd1', content: 'one' },
          { id: 'd2', content: '' },
        ],
        'long_documents/a.jsonl': [{ id: 'l1', content: 'one and more' }],
        'examples/a.jsonl': [
          {
            id: '0',
            query: 'why',
            reasoning: 'r',
            excluded_ids: ['N/A'],
            gold_ids: ['d1', 'd9'],
            gold_ids_long: ['l1'],
          },
          { id: '1', query: 'how', reasoning: 'r', excluded_ids: ['d1'], gold_ids: ['d2'], gold_ids_long: ['N/A'] },
        ],
      },
      [
        part('documents', task, 'documents/a.jsonl'),
        part('long_documents', task, 'long_documents/a.jsonl'),
        part('examples', task, 'examples/a.jsonl'),
      ].join('\n'),
    );
    expect(await readPreset(one(`bright:${task}`), say)).toEqual({
      name: `bright:${task}`,
      corpus: { ids: ['d1', 'd2'], texts: ['one', ''] },
      queries: [
        { id: '0', text: 'why', excluded: [] },
        { id: '1', text: 'how', excluded: ['d1'] },
      ],
      qrels: new Map([
        [
          '0',
          new Map([
            ['d1', 1],
            ['d9', 1],
          ]),
        ],
        ['1', new Map([['d2', 1]])],
      ]),
      lacking: { documents: ['d9'], queries: [] },
    });
    const long = await readPreset(one(`bright-long:${task}`), say);
    expect(long.qrels).toEqual(new Map([['0', new Map([['l1', 1]])]]));
    expect(long.corpus.texts).toEqual(['one and more']);
  });

  it('BEIR drops a document that has the query’s id, and tells of queries without a text', async () => {
    copy(
      'beir:arguana',
      {
        'corpus.jsonl': [
          { _id: 'q', title: 'T', text: 'x' },
          { _id: 'b', title: '', text: 'y' },
        ],
        'queries.jsonl': [
          { _id: 'q', text: 'x' },
          { _id: 'unjudged', text: 'z' },
        ],
        'qrels/test.jsonl': [
          { 'query-id': 'q', 'corpus-id': 'b', score: 1 },
          { 'query-id': 'gone', 'corpus-id': 'b', score: 1 },
        ],
      },
      [
        part('corpus', 'corpus', 'corpus.jsonl'),
        part('queries', 'queries', 'queries.jsonl'),
        part('default', 'test', 'qrels/test.jsonl'),
      ].join('\n'),
    );
    const { corpus, queries, qrels, lacking } = await readPreset(one('beir:arguana'), say);
    expect(corpus.texts).toEqual(['T x', 'y']);
    expect(queries).toEqual([{ id: 'q', text: 'x', excluded: ['q'] }]);
    expect([...qrels.keys()]).toEqual(['q']);
    expect(lacking).toEqual({ documents: [], queries: ['gone'] });
  });

  it('say which files to put where when there is no network', async () => {
    await expect(readPreset(one('bright:biology'), say)).rejects.toThrow(
      /HF_HUB_OFFLINE.*Or put README\.md, documents\/biology-\*\.parquet and examples\/biology-\*\.parquet of xlangai\/BRIGHT \(commit a75a0eb[0-9a-f]+\) into .*presets\/xlangai\/BRIGHT/,
    );
    await expect(readPreset(one('beir:fiqa'), say)).rejects.toThrow(
      /corpus\.jsonl and queries\.jsonl and qrels\/test\.jsonl of mteb\/fiqa .* as they lie there\.$/,
    );
    await expect(readPreset(one('beir:cqadupstack'), say)).rejects.toThrow(
      /of mteb\/cqadupstack-android .*presets\/mteb\/cqadupstack-android, as they lie there; for the whole of beir:cqadupstack likewise those of mteb\/cqadupstack-english, .*mteb\/cqadupstack-wordpress\.$/,
    );
  });

  it('refuse records of another form', async () => {
    copy('bright:pony', { 'documents/a.jsonl': [{ id: 'd1' }] }, part('documents', 'pony', 'documents/a.jsonl'));
    await expect(readPreset(one('bright:pony'), say)).rejects.toThrow(
      /bright:pony for .*a\.jsonl:1, got another form at content/,
    );
  });
});
