import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { readJudgements } from '../../eval/judgements.js';
import { textsFor } from '../../eval/rerank/texts.js';
import { commandIn } from '../cli/command.js';
import { writeBrightCopy } from '../support/bright-copy.js';

const ids = ['0', '1', '2', '3', '4', '5'];
let cache: string;
beforeAll(() => {
  cache = mkdtempSync(join(tmpdir(), 'reasontune-preset-judgements-'));
  vi.stubEnv('REASONTUNE_CACHE', cache);
  vi.stubEnv('HF_HUB_OFFLINE', '1');
  const example = { reasoning: 'r', excluded_ids: ['N/A'], gold_ids_long: ['N/A'] };
  writeBrightCopy({
    'documents/pony': [
      { id: 'b ees.txt', content: 'bees make wax' },
      { id: 'd2', content: 'flies' },
    ],
    // Enough of them that both halves, on which weights are chosen, have some.
    'examples/pony': ids.map((id) => ({ ...example, id, query: 'wax', gold_ids: ['b ees.txt'] })),
  });
});
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(cache, { recursive: true });
});

const quiet = () => {};
const run = (...ids: string[]) => new Map([['0', ids.map((id) => ({ id, score: 1 }))]]);

describe('a preset’s judgements and texts', () => {
  it('are read as those of a folder are', async () => {
    expect(await readJudgements({ set: 'bright:pony', split: 'test' }, quiet)).toEqual({
      from: 'bright:pony',
      qrels: new Map(ids.map((id) => [id, new Map([['b ees.txt', 1]])])),
      set: 'bright:pony',
      folder: 'bright:pony',
      split: 'pony',
    });
    const texts = await textsFor(run('d2', 'b ees.txt'), 'bright:pony', 'test', quiet);
    expect(texts.queries.get('0')).toBe('wax');
    expect(texts.documents.get('b ees.txt')).toBe('bees make wax');
    await expect(textsFor(run('d3'), 'bright:pony', 'test', quiet)).rejects.toThrow(
      /document "d3" in bright:pony, got none/,
    );
  });

  it('are of one set', async () => {
    await expect(readJudgements({ set: 'bright:all', split: 'test' }, quiet)).rejects.toThrow(
      /Expected one set for --set, got bright:all, which is 12\. Name one, such as bright:biology\./,
    );
  });

  it('serve rerank as they serve eval', async () => {
    const reasontune = commandIn(cache);
    const ranked = await reasontune(['eval', 'bm25', '--set', 'bright:pony', '--metrics', 'RR', '--out', 'first']);
    expect(ranked.out).toMatch(/BM25 +1\.000/);
    const file = 'first/bright-pony-pony/BM25.run';
    const args = ['rerank', file, '--scores', file, '--set', 'bright:pony', '--metric', 'RR', '--json'];
    expect(JSON.parse((await reasontune(args)).out)).toMatchObject({ queries: 6, retriever: 1 });
    const dev = await reasontune([...args, '--dev-split', 'dev']);
    expect(dev).toMatchObject({ code: 1, err: expect.stringMatching(/preset bright:pony, which has one split/) });
  });
});
