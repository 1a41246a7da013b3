import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { evaluateModels } from '../../eval/evaluate.js';
import { openRewriting } from '../../eval/rewrite/open-rewriting.js';
import { writeBrightCopy } from '../support/bright-copy.js';

let cache: string;
beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), 'reasontune-rewrites-'));
  vi.stubEnv('REASONTUNE_CACHE', cache);
  vi.stubEnv('HF_HOME', join(cache, 'hf'));
  vi.stubEnv('HF_HUB_OFFLINE', '1');
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(cache, { recursive: true });
});

const example = { reasoning: 'r', excluded_ids: ['N/A'], gold_ids_long: ['N/A'] };
const files = {
  'documents/pony': [
    { id: 'd1', content: 'bees make wax' },
    { id: 'd2', content: 'flies' },
  ],
  'examples/pony': [{ ...example, id: '0', query: 'flies', gold_ids: ['d1'] }],
  // As published: the same record with another query.
  'gpt4_reason/pony': [{ ...example, id: '0', query: 'what makes wax', gold_ids: ['d1'] }],
  'grit_reason/pony': [{ ...example, id: '1', query: 'wax', gold_ids: ['d1'] }],
};

const copy = () => writeBrightCopy(files);
const quiet = () => {};
const evaluated = (rewrite: string, path: string) =>
  evaluateModels({
    models: ['bm25'],
    sets: [{ path, split: 'test' }],
    metrics: ['RR'],
    out: null,
    rewriting: openRewriting(rewrite, quiet),
    onProgress: quiet,
    onNote: quiet,
  });

describe('BRIGHT’s own rewrites', () => {
  it('are asked beside its own queries, of the same task', async () => {
    copy();
    const results = await evaluated('bright:gpt4_reason', 'bright:pony');
    expect(results).toMatchObject([
      { system: 'BM25', metrics: { RR: 0 } },
      { system: 'BM25-gpt4_reason', metrics: { RR: 1 }, rewritten: { by: 'gpt4_reason', original: 'BM25' } },
    ]);
  });

  it.each<[string, string, string, RegExp]>([
    [
      'a query without one',
      'bright:grit_reason',
      'bright:pony',
      /each of 1 queries in bright:grit_reason, got none for 1/,
    ],
    ['a set that is not BRIGHT’s', 'bright:gpt4_reason', 'examples/scifact', /Expected a task of BRIGHT for --rewrite/],
    [
      'one that was not copied',
      'bright:llama3-70b_reason',
      'bright:pony',
      /gpt4_reason.*into .*presets\/xlangai\/BRIGHT/,
    ],
  ])('refuse %s', async (_what, rewrite, set, message) => {
    copy();
    await expect(evaluated(rewrite, set)).rejects.toThrow(message);
  });

  it('are five', () => {
    expect(() => openRewriting('bright:gpt_reason', quiet)).toThrow(/one of: bright:gpt4_reason.*Did you mean/);
  });

  it('say which files to put where without a network', async () => {
    await expect(evaluated('bright:Gemini-1.0_reason', 'bright:pony')).rejects.toThrow(/documents\/pony-\*\.parquet/);
  });
});
