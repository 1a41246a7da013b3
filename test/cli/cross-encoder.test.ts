import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { crossEncoderFixture } from '../support/cross-encoder.js';
import { writeTinyCollection } from '../support/tiny.js';
import { type Command, commandIn } from './command.js';

let scratch: string;
let reasontune: Command;
const cache = process.env.REASONTUNE_CACHE;

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'reasontune-cli-cross-'));
  process.env.REASONTUNE_CACHE = join(scratch, 'cache');
  reasontune = commandIn(scratch);
  writeTinyCollection(join(scratch, 'data'));
  writeFileSync(
    join(scratch, 'cross.yaml'),
    `type: cross-encoder\nmodel: ${crossEncoderFixture('roberta')}\ndepth: 5\n`,
  );
  await reasontune(['eval', 'bm25', '--set', 'data', '--out', 'first']);
});
afterAll(() => {
  if (cache === undefined) delete process.env.REASONTUNE_CACHE;
  else process.env.REASONTUNE_CACHE = cache;
  rmSync(scratch, { recursive: true });
});

describe('a cross-encoder', () => {
  it('reranks, reports the ties, says its speed, and reads nothing twice', async () => {
    const args = ['rerank', 'first/data-test/BM25.run', '--set', 'data', '--with', 'cross.yaml', '--metric', 'RR'];
    const first = await reasontune([...args, '--out', 'second']);
    expect(first.code).toBe(0);
    const pairs = Number(
      /^(\d+) pairs read in \d+\.\d s on this machine, \d+\.\d a second, 0 scores/m.exec(first.out)?.[1],
    );
    expect(pairs).toBeGreaterThan(6);
    expect(first.out).toMatch(/interpolated +\d\.\d{3}/);
    const reranked = readFileSync(join(scratch, 'second/BM25-reranked.run'), 'utf8').trim().split('\n');
    expect(reranked).toHaveLength(pairs);
    const again = JSON.parse((await reasontune([...args, '--json'])).out);
    expect(again).toMatchObject({ spent: null, machine: { where: 'machine', pairs: 0, cached: pairs } });
    writeFileSync(
      join(scratch, 'deeper.yaml'),
      readFileSync(join(scratch, 'cross.yaml'), 'utf8').replace('depth: 5', 'depth: 100'),
    );
    const deeper = JSON.parse((await reasontune([...args.slice(0, 4), ...['--with', 'deeper.yaml', '--json']])).out);
    expect(deeper.machine.cached).toBe(pairs);
  });

  it('is refused by name where it is another model', async () => {
    writeFileSync(join(scratch, 'nli.yaml'), `type: cross-encoder\nmodel: ${crossEncoderFixture('bert-nli')}\n`);
    const { code, err } = await reasontune([
      'rerank',
      'first/data-test/BM25.run',
      '--set',
      'data',
      '--with',
      'nli.yaml',
    ]);
    expect(code).toBe(1);
    expect(err).toMatch(/Expected a label of .*bert-nli \(contradiction, entailment, neutral\), got none/);
  });

  it('judges negatives when mining and in an audit', async () => {
    // Around the middle of what it scored above.
    const lines = readFileSync(join(scratch, 'second/BM25-reranked.run'), 'utf8').trim().split('\n');
    const scores = lines.map((line) => Number(line.split(/\s+/)[4])).sort((a, b) => a - b);
    const bound = scores[scores.length >> 1]!.toFixed(4);
    writeFileSync(
      join(scratch, 'plan.yaml'),
      'name: judged\nmodel: {base: unused}\n' +
        'data:\n  sources: [{name: words, kind: public, path: data, split: train}]\n' +
        '  negatives: {per_query: 1, from: mined}\n' +
        '  mining: {by: [bm25], ranks: [1, 10], number: 2, folder: mined,\n' +
        `    guards: [{type: relabel, with: cross.yaml, at_least: ${bound}}]}\n`,
    );
    const mined = await reasontune(['data', 'mine', 'plan.yaml']);
    expect(mined).toMatchObject({ code: 0, out: expect.stringMatching(/− relabel roberta ≥ 0\.\d+/) });
    const byBm25 = ['--set', 'data.negatives.from=bm25', '--json'];
    const audited = await reasontune(['data', 'audit', 'plan.yaml', ...byBm25]);
    expect(audited).toMatchObject({ code: 0, err: expect.stringContaining('judging words: 18/18') });
    const [{ verdicts, negatives }] = JSON.parse(audited.out).sources;
    expect(verdicts).toMatchObject([{ guard: `relabel roberta ≥ ${Number(bound)}`, unjudged: 0 }]);
    expect(verdicts[0].dropped).toBeGreaterThan(0);
    expect(verdicts[0].dropped).toBeLessThan(negatives);
  });

  it('says beside exact match whether what is retrieved entails the answer', async () => {
    const lines = readFileSync(join(scratch, 'data/corpus.jsonl'), 'utf8').trim().split('\n');
    const tasks = lines
      .slice(0, 6)
      .map((line) => JSON.parse(line))
      .map(({ title, text }) => ({ question: title, answers: [text.split(' ')[0], 'not there'] }));
    writeFileSync(join(scratch, 'tasks.jsonl'), tasks.map((task) => JSON.stringify(task)).join('\n'));
    const nli = crossEncoderFixture('bert-nli');
    const args = ['rag', 'bm25', 'data', '--tasks', 'tasks.jsonl', '--k', '2', '--entailment', nli];
    const { code, out } = await reasontune([...args, '--out', 'answers']);
    expect(code).toBe(0);
    const [right, of] = /^one of them entails an answer, says bert-nli .* (\d+) +(\d+)$/m
      .exec(out)!
      .slice(1)
      .map(Number);
    expect(of).toBe(6);
    const kept = readFileSync(join(scratch, 'answers/rag.jsonl'), 'utf8').trim().split('\n');
    const entailed = kept
      .map((line) => JSON.parse(line))
      .map(({ passages }) => passages.some(({ entailment }: { entailment: number }) => entailment >= 0.5));
    expect(entailed.filter(Boolean)).toHaveLength(right!);
    expect(out).toMatch(/held and entailed: \d questions; held alone: \d; entailed alone: \d/);
    expect(out).toMatch(/\d+ pairs read in/);
    const wrong = await reasontune([...args.slice(0, -1), crossEncoderFixture('bert')]);
    expect(wrong).toMatchObject({ code: 1, err: expect.stringMatching(/got entailment\. Leave it away/) });
  });
});
