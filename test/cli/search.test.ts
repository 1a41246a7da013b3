import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tinyPlan, writeTinyCollection, writeTinyModel } from '../support/tiny.js';
import { type Command, commandIn } from './command.js';

let scratch: string;
let reasontune: Command;
let question: string;

beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'reasontune-search-'));
  reasontune = commandIn(scratch);
  writeTinyCollection(join(scratch, 'data'));
  writeTinyModel(join(scratch, 'model'));
  writeFileSync(join(scratch, 'found.run'), 'q0 Q0 d0 1 1 t\n');
  const [, , third] = readFileSync(join(scratch, 'data/corpus.jsonl'), 'utf8').trim().split('\n');
  question = JSON.parse(third as string).text;
});
afterAll(() => rmSync(scratch, { recursive: true }));

describe('search', () => {
  it('prints ranked passages with the question’s words marked', async () => {
    const { out, err } = await reasontune(['search', 'bm25', 'data', question, '--depth', '3']);
    expect(err).toBe('');
    expect(out).toMatch(new RegExp(`^BM25\n\n 1\\. d2 {2}\\d+\\.\\d{3}\n.*${question}`));
    const { found } = JSON.parse((await reasontune(['search', 'bm25', 'data/corpus.jsonl', question, '--json'])).out);
    expect(found[0].hits[0]).toMatchObject({ rank: 1, id: 'd2', marked: question.split(' ') });
    expect((await reasontune(['search', 'bm25', 'data', 'zzzz'])).out).toContain('nothing found');
  });

  it('sets two models side by side, from an index that was kept, and refuses it for another corpus', async () => {
    const args = ['search', 'model', 'data', question, '--beside', 'bm25', '--index', 'indexes', '--depth', '2'];
    const first = await reasontune(args);
    expect(first.err).toContain('model on data: 24/24 texts');
    expect(first.out).toMatch(
      /^model +BM25\n\n 1\. d\d+ {2}\d\.\d{3} {2}(there \d\.|only here) + 1\. d2 {2}\d+\.\d{3}/,
    );
    const again = await reasontune(args);
    expect(again).toEqual({ ...first, err: '' });
    const evaluated = await reasontune(['eval', 'model', '--set', 'data', '--index', 'indexes', '--json']);
    expect(evaluated.err).toBe('');
    const fresh = await reasontune(['eval', 'model', '--set', 'data', '--json']);
    const metrics = ({ out }: { out: string }) => JSON.parse(out).results[0].metrics;
    expect(metrics(evaluated)).toEqual(metrics(fresh));
    const file = join(scratch, 'data/corpus.jsonl');
    const before = readFileSync(file, 'utf8');
    writeFileSync(file, `${before}{"_id": "new", "text": "abc"}\n`);
    const refused = await reasontune(args);
    writeFileSync(file, before);
    expect(refused).toMatchObject({ code: 1, out: '' });
    expect(refused.err).toMatch(
      /^Expected an index of this corpus by model in indexes\/data\/model, got one of another corpus/,
    );
    const chunked = await reasontune([...args, '--chunk', '2']);
    expect(chunked.out).toMatch(/^model-chunk2/);
  });

  it('searches by a graph, which is kept beside the vectors, and says what that misses', async () => {
    const args = ['--index', 'graphs', '--search', 'approximate', '--json'];
    const evaluated = await reasontune(['eval', 'model', 'bm25', '--set', 'data', ...args]);
    const [model, bm25] = JSON.parse(evaluated.out).results;
    // A graph over 24 documents reaches all of them.
    expect(model).toMatchObject({ system: 'model-approximate', approximate: { recall: { 10: 1, 100: 1, 1000: 1 } } });
    expect(bm25).toMatchObject({ system: 'BM25' });
    expect(bm25.approximate).toBeUndefined();
    const exact = await reasontune(['eval', 'model', '--set', 'data', '--index', 'graphs', '--json']);
    expect(exact.err).toBe('');
    expect(JSON.parse(exact.out).results[0].metrics).toEqual(model.metrics);
    const asked = await reasontune(['search', 'model', 'data', question, ...args]);
    expect(asked.err).toBe('');
    const plain = await reasontune(['search', 'model', 'data', question, '--index', 'graphs', '--json']);
    expect(JSON.parse(asked.out).found[0].hits).toEqual(JSON.parse(plain.out).found[0].hits);
    const table = await reasontune(['eval', 'model', '--set', 'data', '--index', 'graphs', '--search', 'approximate']);
    expect(table.out).toMatch(
      /approximate against exact search +recall@10 +recall@100.*\n.*\nmodel-approximate +1\.0000 +1\.0000/,
    );
    const plan = tinyPlan('model', 'data').replace('eval: {', 'eval: {search: approximate, ');
    writeFileSync(join(scratch, 'plan.yaml'), plan);
    const planned = await reasontune(['eval', 'model', '--plan', 'plan.yaml', '--json']);
    expect(JSON.parse(planned.out).results[0].system).toBe('model-approximate');
    const chunked = await reasontune(['eval', 'model', '--set', 'data', '--chunk', '2', '--search', 'approximate']);
    expect(chunked).toMatchObject({ code: 1, err: expect.stringMatching(/^Expected exact search with --chunk/) });
  });

  it('computes in bfloat16 where asked to, on torch alone, and keeps that index apart', async () => {
    const args = ['search', 'model', 'data', question, '--index', 'halves', '--json'];
    const whole = await reasontune(args);
    const half = await reasontune([...args, '--precision', 'bfloat16']);
    const best = ({ out }: { out: string }) => JSON.parse(out).found[0];
    expect(best(half).system).toBe('model-bfloat16');
    expect(best(half).hits[0].score).toBeCloseTo(best(whole).hits[0].score, 1);
    expect(best(half).hits.map(({ score }: { score: number }) => score)).not.toEqual(
      best(whole).hits.map(({ score }: { score: number }) => score),
    );
    const wasm = await reasontune([...args, '--precision', 'bfloat16', '--backend', 'wasm']);
    expect(wasm).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^Expected float32 for --precision on wasm, got/),
    });
  });

  it.each<[string, string[], RegExp]>([
    ['an empty question', ['bm25', 'data', ' '], /Expected a question to search for/],
    ['a ranking', ['found.run', 'data', 'a'], /Expected a model that reads questions, got the ranking found\.run/],
    ['a corpus that is not there', ['bm25', 'none', 'a'], /none/],
    ['a depth of nothing', ['bm25', 'data', 'a', '--depth', '0'], /whole number from 1 for --depth/],
  ])('refuses %s', async (_what, args, message) => {
    const { code, err, out } = await reasontune(['search', ...args]);
    expect(err).toMatch(message);
    expect(err.trim().split('\n')).toHaveLength(1);
    expect([code, out]).toEqual([1, '']);
  });
});
