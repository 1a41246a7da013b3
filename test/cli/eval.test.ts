import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStandIn } from '../../endpoint/stand-in/stand-in.js';
import { writeTinyCollection, writeTinyModel } from '../support/tiny.js';
import { type Command, commandIn } from './command.js';

let scratch: string;
let reasontune: Command;

beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'reasontune-eval-'));
  reasontune = commandIn(scratch);
  writeTinyCollection(join(scratch, 'data'));
  writeFileSync(join(scratch, 'a.run'), 'q1 Q0 x 1 2 t\nq1 Q0 y 2 1 t\nq3 Q0 x 1 1 t\n');
  writeFileSync(join(scratch, 'b.json'), '{"q1": {"x": 1, "y": 2}, "q2": {"y": 1}}');
  writeFileSync(join(scratch, 'other.json'), '{"z": {"x": 1}}');
  writeFileSync(join(scratch, 'empty.json'), '{}');
  writeFileSync(join(scratch, 'judged.tsv'), 'query-id\tcorpus-id\tscore\nq1\tx\t1\nq2\ty\t2\n');
});
afterAll(() => rmSync(scratch, { recursive: true }));

describe('eval and compare', () => {
  it('scores any ranking, in TREC or JSON form, and keeps every query', async () => {
    const args = ['eval', '--run', 'a.run', '--run', 'b.json', '--qrels', 'judged.tsv', '--metrics', 'RR,Judged@2'];
    const scored = await reasontune([...args, '--json', '--out', 'scored']);
    expect(JSON.parse(scored.out).results).toMatchObject([
      { system: 'a', set: 'judged', queries: 2, metrics: { RR: 0.5, 'Judged@2': 0.25 } },
      { system: 'b', set: 'judged', queries: 2, metrics: { RR: 0.75, 'Judged@2': 0.75 } },
    ]);
    expect(scored.err).toContain('a.run: 1 query judged but not in the run: q2');
    expect(scored.err).toContain('a.run: 1 query in the run but not judged: q3');
    const kept = JSON.parse(readFileSync(join(scratch, 'scored', 'judged', 'b.json'), 'utf8'));
    expect(kept.perQuery.RR).toEqual({ q1: 0.5, q2: 1 });
    const ranked = await reasontune([...args, '--no-complete', '--per-query', '--depth', '1', '--relevant-from', '2']);
    expect(ranked.out).toMatch(/judged: b\n.*\n.*\nq1 +0\.000 +0\.000\nq2 +1\.000 +1\.000\n/);
    const beside = await reasontune(['eval', 'bm25', 'none.run', '--set', 'data', '--run-form', 'json', '--out', 'o']);
    expect(beside).toMatchObject({ code: 1, err: expect.stringContaining('none.run') });
  });

  it('compares systems from results and from rankings, and names the queries that changed', async () => {
    await reasontune(['eval', 'bm25', '--set', 'data', '--metrics', 'RR,R@10', '--out', 'compared']);
    const kept = join(scratch, 'compared', 'data-test');
    const lines = readFileSync(join(kept, 'BM25.run'), 'utf8').trim().split('\n');
    const backwards = lines
      .map((line) => line.split('\t'))
      .map((f) => [...f.slice(0, 4), -Number(f[4]), 't'].join('\t'));
    writeFileSync(join(kept, 'backwards.run'), backwards.join('\n'));
    const judged = await reasontune([
      'compare',
      'compared/data-test/BM25.run',
      'compared/data-test/backwards.run',
      '--set',
      'data',
      '--metrics',
      'RR',
    ]);
    expect(judged.out).toMatch(/data, test: 6 queries, against BM25/);
    expect(judged.out).toMatch(/RR +backwards +0\.\d+ +−0\.\d+ +−0\.\d+ to −0\.\d+ +– +0 +0 +6 +0\.0313 +0\.0313/);
    expect(judged.out).toMatch(/ {2}−0\.\d{3} {2}1\.000 → 0\.\d{3} {2}q\d+: \w+ \w+ \w+\n/);
    await reasontune([
      'eval',
      'compared/data-test/backwards.run',
      '--set',
      'data',
      '--metrics',
      'RR',
      '--out',
      'compared',
    ]);
    const folder = await reasontune(['compare', 'compared', '--metrics', 'RR', '--baseline', 'BM25', '--json']);
    expect(folder.err).toBe('');
    expect(JSON.parse(folder.out).comparisons).toMatchObject([{ system: 'backwards', losses: 6, p: 0.03125 }]);
  });

  it('puts the whole corpus and another retriever’s pool side by side', async () => {
    writeTinyModel(join(scratch, 'model'));
    await reasontune(['eval', 'bm25', '--set', 'data', '--out', 'pooled']);
    const pool = 'pooled/data-test/BM25.run';
    const ranked = ['eval', 'model', 'bm25:bright', '--set', 'data', '--pool', pool, '--depth', '1', '--out', 'pooled'];
    const { out } = await reasontune(ranked);
    expect(out).toMatch(/the pool, the best 1 of pooled.*BM25\.run, holds 100\.0 % of what is relevant/);
    expect(out).toMatch(/system +nDCG@10 +in pool +R@100 +in pool +hits in 10 +never in pool/);
    // A pool of one document, which is right, makes any model look perfect.
    expect(out).toMatch(/model +0\.\d{3} +1\.000 +1\.000 +1\.000 +\d +0\n/);
    const kept = JSON.parse(readFileSync(join(scratch, 'pooled/data-test/model.json'), 'utf8'));
    expect(Object.keys(kept.pool.perQuery['nDCG@10'])).toHaveLength(6);
    const chunked = await reasontune(['eval', 'model', '--set', 'data', '--chunk', '2', '--json']);
    expect(JSON.parse(chunked.out).results).toMatchObject([{ system: 'model-chunk2', documents: 24 }]);
  });

  it('reranks with a language model, goes on where a fault stopped it, and reports the ties', async () => {
    await reasontune(['eval', 'bm25', '--set', 'data', '--out', 'first']);
    const ranking = 'first/data-test/BM25.run';
    let broken = true;
    const server = await openStandIn((_, number) => {
      if (broken && number > 4) return { status: 400 };
      return { text: number === 2 ? 'hard to say' : `${number % 3}` };
    });
    writeFileSync(join(scratch, 'prompt.txt'), '{query} / {document}');
    const yaml = `type: pointwise\nprompt: prompt.txt\ndepth: 3\nendpoint: {url: "${server.url}", model: m, concurrency: 1}\n`;
    writeFileSync(join(scratch, 'reranker.yaml'), yaml);
    const args = ['rerank', ranking, '--set', 'data', '--with', 'reranker.yaml', '--metric', 'RR', '--out', 'second'];
    const cache = process.env.REASONTUNE_CACHE;
    process.env.REASONTUNE_CACHE = join(scratch, 'cache');
    try {
      const stopped = await reasontune(args);
      expect(stopped).toMatchObject({
        code: 1,
        out: '',
        err: expect.stringContaining('Check url, model and OPENAI_API_KEY'),
      });
      broken = false;
      const done = await reasontune(args);
      expect(done.out).toMatch(/6 queries, \d\.\d documents each: \d\.\d different scores, \d+\.\d % of pairs tied/);
      expect(done.out).toMatch(/1 malformed answers/);
      expect(done.out).toMatch(/, 4 answers from the cache, \d+ tokens in/);
      expect(done.out).toMatch(/reranked, ties: random +\d\.\d{3} +95 % of 1000 shuffles: \d\.\d{3} to \d\.\d{3}/);
      expect(done.out).toMatch(/interpolated +\d\.\d{3} +reranker’s weight \d\.\d and \d\.\d, chosen on each half/);
      const malformed = readFileSync(join(scratch, 'second/BM25-malformed.jsonl'), 'utf8');
      expect(JSON.parse(malformed)).toMatchObject({ answer: 'hard to say' });
      const taken = [
        'rerank',
        ranking,
        '--set',
        'data',
        '--scores',
        'second/BM25-reranked.run',
        '--metric',
        'RR',
        '--json',
      ];
      const again = JSON.parse((await reasontune(taken)).out);
      expect(done.out).toContain(again.policies.best.toFixed(3));
    } finally {
      if (cache === undefined) delete process.env.REASONTUNE_CACHE;
      else process.env.REASONTUNE_CACHE = cache;
      await server.close();
    }
  });

  it.each<[string, string[], RegExp]>([
    [
      'a reranking with nothing',
      ['rerank', 'b.json', '--qrels', 'judged.tsv'],
      /Expected --with or --scores, got neither/,
    ],
    ['a reranking without texts', ['rerank', 'b.json', '--qrels', 'judged.tsv', '--with', 'r.yaml'], /Expected --set/],
    [
      'a reranking of another set',
      ['rerank', 'b.json', '--set', 'data', '--scores', 'b.json'],
      /judged queries for b\.json/,
    ],
    [
      'scores of other queries',
      ['rerank', 'b.json', '--qrels', 'judged.tsv', '--scores', 'other.json'],
      /got none\. Check/,
    ],
    ['a run without judgements', ['eval', '--run', 'a.run'], /qrels/],
    [
      'a depth of nothing',
      ['eval', 'bm25', '--set', 'data', '--depth', '5'],
      /Expected --pool or --run beside --depth/,
    ],
    ['a pool that is not there', ['eval', 'bm25', '--set', 'data', '--pool', 'no.run'], /no\.run/],
    ['neither a model nor a run', ['eval'], /Name a model, or a ranking with --run and --qrels/],
    ['a ranking of other queries', ['eval', '--run', 'other.json', '--qrels', 'judged.tsv'], /got 1 others, such as z/],
    ['a ranking of nothing', ['eval', '--run', 'empty.json', '--qrels', 'judged.tsv'], /got no query at all/],
    [
      'a comparison of one',
      ['compare', 'b.json', '--qrels', 'judged.tsv'],
      /Expected two systems on judged, got only b/,
    ],
    [
      'a comparison of rankings alone',
      ['compare', 'a.run', 'b.json'],
      /Expected a result of reasontune eval for a\.run/,
    ],
    ['results of nothing', ['compare', 'data'], /Run eval with --out first/],
    [
      'half a judgement',
      ['eval', '--run', 'a.run', '--qrels', 'judged.tsv', '--depth', '0.5'],
      /whole number .* --depth/,
    ],
  ])('exit with 1 and one line for %s', async (_name, args, message) => {
    const { code, err, out } = await reasontune(args);
    expect(err).toMatch(message);
    expect(err.trim().split('\n')).toHaveLength(1);
    expect(out).toBe('');
    expect(code).toBe(1);
  });
});
