import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeBatches } from '../../data/batch.js';
import { readSource } from '../../data/source.js';
import type { Tokenizer } from '../../encoder/tokenizer.js';
import type { NegativesPlan, SourcePlan } from '../../plan/data.js';
import type { RunPlan } from '../../plan/schema.js';
import { readPlanText } from '../support/plan.js';
import { tinyPlan, writeTinyCollection } from '../support/tiny.js';

let scratch: string;
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'reasontune-source-'));
});
afterAll(() => rmSync(scratch, { recursive: true }));

function jsonl(name: string, lines: unknown[]): SourcePlan {
  const path = join(scratch, name);
  const text = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n');
  writeFileSync(path, name.endsWith('.gz') ? gzipSync(text) : text);
  return { name: 'own', kind: 'hard-query', path, split: 'train', weight: 1 };
}
const data = (change: Partial<NegativesPlan> = {}): Pick<RunPlan['data'], 'negatives' | 'faults'> => ({
  faults: 'stop',
  negatives: { per_query: 1, from: 'source', ranks: [1, 50], choose: 'first', ...change },
});

describe('a .jsonl source', () => {
  it.each(['own.jsonl', 'own.jsonl.gz'])(
    'makes a pair of each positive, and one text of equal texts (%s)',
    async (name) => {
      const source = await readSource(
        jsonl(name, [
          { query: 'why', pos: ['because', 'so'], neg: ['no'] },
          { query: 'why', pos: ['thus'], neg: ['because'] },
        ]),
        data(),
      );
      expect(source.queries).toEqual(['why']);
      expect(source.documents).toEqual(['because', 'so', 'no', 'thus']);
      expect(source.pairs.map(({ query, positive, negatives }) => [query, positive, negatives])).toEqual([
        [0, 0, [2]],
        [0, 1, [2]],
        [0, 3, [0]],
      ]);
      expect(source.labelOf(2)).toMatch(/own\.jsonl(\.gz)?:2$/);
    },
  );

  it('mines its own documents, never a query’s positives', async () => {
    const source = await readSource(
      jsonl('mine.jsonl', [
        { query: 'red apple', pos: ['red apple pie', 'an apple'] },
        { query: 'green pear an apple', pos: ['green apple pear'] },
      ]),
      data({ from: 'bm25' }),
    );
    expect(source.documents[source.pairs[0]?.negatives[0] as number]).toBe('green apple pear');
  });

  it.each<[string, unknown[], RegExp]>([
    ['an empty query', [{ query: ' ', pos: ['a'] }], /text for .*bad\.jsonl:1 query, got " "/],
    ['no positives', [{ query: 'a', pos: [] }], /bad\.jsonl:1 pos, got none/],
    [
      'a number for a text',
      [
        { query: 'a', pos: ['b'] },
        { query: 'a', pos: ['b'], neg: [3] },
      ],
      /bad\.jsonl:2 neg\[0\], got 3/,
    ],
    ['no JSON', ['{"query": '], /bad\.jsonl:1/],
    ['nothing', [], /at least one usable record/],
    ['too few negatives', [{ query: 'a', pos: ['b'] }], /Expected 1 negatives .* got 0 for .*bad\.jsonl:1\./],
  ])('refuses %s', async (_name, lines, message) => {
    await expect(readSource(jsonl('bad.jsonl', lines), data())).rejects.toThrow(message);
  });

  it('refuses a path where nothing is', async () => {
    await expect(readSource({ ...jsonl('x.jsonl', []), path: 'nowhere' }, data())).rejects.toThrow(/found nothing/);
  });
});

describe('batches', () => {
  it('hold positives in the queries’ order, then each query’s negatives, none of them its positive', async () => {
    const collection = writeTinyCollection(join(scratch, 'collection'));
    const plan = readPlanText(tinyPlan('unused', collection));
    const sources = await Promise.all(plan.data.sources.map((source) => readSource(source, plan.data)));
    const seen: string[] = [];
    const tokenizer: Tokenizer = {
      after: 0,
      hash: String(Math.random()),
      encode: (text) => Int32Array.of(seen.push(text) - 1),
    };
    const settings = { ...plan.model, prompt: { query: 'Q ', document: 'D ' } };
    const batches = await makeBatches(sources, plan, { tokenizer, settings });
    expect(batches.epoch).toBe(18);
    const batch = batches.at(3);
    const text = (ids: Int32Array | undefined): string => seen[ids?.[0] as number] as string;
    expect(batch.queries).toHaveLength(6);
    expect(batch.documents).toHaveLength(12);
    batch.queries.forEach((query, i) => {
      const asked = text(query).slice(2).split(' ');
      const positive = text(batch.documents[i]);
      expect(positive).toContain(`${asked[0]} ${asked[1]}`);
      expect(text(batch.documents[6 + i])).not.toBe(positive);
    });
    for (let step = 0; step < 9; step++) {
      const { queries, documents } = batches.at(step);
      // The tokens of a text are its number among the texts.
      const texts = [...queries, ...documents].map((ids) => text(ids).slice(2));
      expect(new Set(texts).size).toBe(texts.length);
    }
    expect(batch.describe()).toMatch(/^words: q\d+ → d\d+, /);
    expect(batches.at(3)).toMatchObject({ queries: batch.queries, documents: batch.documents });
  });
});
