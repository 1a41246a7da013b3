import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inspect } from '../../data/inspect/inspect.js';
import { lengthsOf } from '../../data/inspect/lengths.js';
import { NearTexts, nearlySame } from '../../data/inspect/near-texts.js';
import { readSource } from '../../data/source.js';
import { writeTinyCollection } from '../support/tiny.js';

let scratch: string;
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'reasontune-inspect-'));
});
afterAll(() => rmSync(scratch, { recursive: true }));

const words = (n: number, from = 0): string[] => Array.from({ length: n }, (_, i) => `word${from + i}`);

describe('NearTexts', () => {
  it('finds what comparing every pair finds', () => {
    // Texts that are a common one with a stretch of words replaced: from the same to wholly different.
    const text = fc.tuple(fc.nat(1), fc.nat(60), fc.nat(12)).map(([base, at, size]) => {
      const all = words(60, base * 100);
      all.splice(at, size, ...words(size, 1000));
      return all.join(' ');
    });
    let [found, missed] = [0, 0];
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 12 }), text, (texts, asked) => {
        const index = new NearTexts();
        for (const t of texts) index.add(t);
        const got = new Set(index.near(asked));
        const wanted = texts.flatMap((t, i) => (nearlySame(t, asked) ? [i] : []));
        for (const i of wanted) got.has(i) ? found++ : missed++;
        for (const i of got) expect(wanted).toContain(i);
      }),
      { numRuns: 200, seed: 4 },
    );
    expect(found).toBeGreaterThan(50);
    expect(missed / (found + missed)).toBeLessThan(0.01);
  });

  it('takes case and punctuation for nothing, and short texts whole', () => {
    expect(nearlySame('The cat, sat!', 'the CAT sat')).toBe(true);
    expect(nearlySame('one two', 'one three')).toBe(false);
    expect(nearlySame('', '…')).toBe(true);
  });
});

describe('lengthsOf', () => {
  it('counts words between blanks, into bins', () => {
    const lengths = lengthsOf(['a  b\nc', words(7).join(' '), words(8).join(' ')]);
    expect(lengths).toEqual({
      count: 3,
      mean: 6,
      median: 7,
      largest: 8,
      bins: [
        { from: 0, below: 5, count: 1 },
        { from: 5, below: 10, count: 2 },
      ],
    });
  });
});

describe('inspect', () => {
  it('counts repeats, and what of an eval set was trained on', async () => {
    const set = writeTinyCollection(join(scratch, 'set'));
    const collection = await readSource(
      { name: 'words', kind: 'public', path: set, split: 'test', weight: 1 },
      { faults: 'stop', negatives: { per_query: 0, from: 'source', ranks: [1, 5], choose: 'first' } },
    );
    const leaked = collection.queries[0] as string;
    const lines = [
      { query: `${leaked.toUpperCase()}!`, pos: [words(20).join(' ')], neg: ['n'] },
      { query: 'another', pos: [words(20).join(', ')], neg: [] },
      { query: 'Another.', pos: [[...words(19), 'end'].join(' ')], neg: ['n', 'm'] },
    ];
    const path = join(scratch, 'own.jsonl');
    writeFileSync(path, lines.map((line) => JSON.stringify(line)).join('\n'));
    const source = await readSource(
      { name: 'own', kind: 'public', path, split: 'train', weight: 1 },
      { faults: 'stop', negatives: { per_query: 0, from: 'source', ranks: [1, 5], choose: 'first' } },
    );
    const found = inspect(source, [{ path: set, split: 'test' }], 1);
    expect(found).toMatchObject({
      pairs: 3,
      negativesPerPair: { least: 0, mean: 1, most: 2 },
      repeatedQueries: { exact: 1, near: 0 },
      repeatedDocuments: { exact: 1, near: 1 },
      examples: [{ query: `${leaked.toUpperCase()}!`, negative: 'n' }],
    });
    expect(found.leaks).toEqual([
      {
        set: `${set}, test`,
        queries: 6,
        leakedQueries: { exact: 1, near: 0 },
        documents: 6,
        leakedDocuments: { exact: 0, near: 0 },
        example: leaked,
      },
    ]);
  });
});
