import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Asked, Reply } from '../../endpoint/stand-in/reply.js';
import { openStandIn } from '../../endpoint/stand-in/stand-in.js';
import { packageRoot } from '../../plan/places.js';
import { writeTinyCollection, writeTinyModel } from '../support/tiny.js';
import { type Command, commandIn } from './command.js';

let scratch: string;
let reasontune: Command;
let server: Awaited<ReturnType<typeof openStandIn>>;
const cache = process.env.REASONTUNE_CACHE;

/** A text's vector: how often it has each letter. The chat half of the server says every query backwards. */
function answer({ prompt, texts, body }: Asked): Reply {
  if (body.messages !== undefined) return { text: prompt.replace('Put: ', '').split(' ').reverse().join(' ') };
  const letters = 'abcdefghijklmnopqrstuvwxyz'.split('');
  return { vectors: texts.map((text) => letters.map((letter) => text.split(letter).length - 1)) };
}

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'reasontune-systems-'));
  process.env.REASONTUNE_CACHE = join(scratch, 'cache');
  reasontune = commandIn(scratch);
  writeTinyCollection(join(scratch, 'data'));
  writeTinyModel(join(scratch, 'model'));
  server = await openStandIn(answer);
  const endpoint = `endpoint: {url: "${server.url}", model: letters}`;
  writeFileSync(join(scratch, 'letters.yaml'), `${endpoint}\nbatch: 5\n`);
  writeFileSync(join(scratch, 'put.txt'), 'Put: {query}');
  writeFileSync(join(scratch, 'backwards.yaml'), `${endpoint}\nprompt: put.txt\n`);
  copyFileSync(join(packageRoot, 'configs/prices.yaml'), join(scratch, 'prices.yaml'));
});
afterAll(async () => {
  if (cache === undefined) delete process.env.REASONTUNE_CACHE;
  else process.env.REASONTUNE_CACHE = cache;
  await server.close();
  rmSync(scratch, { recursive: true });
});

describe('systems', () => {
  it('a server of embeddings is one, asks nothing twice, and its vectors are kept', async () => {
    const args = ['eval', 'letters.yaml', '--set', 'data', '--metrics', 'RR', '--index', 'kept', '--json'];
    const first = JSON.parse((await reasontune(args)).out).results[0];
    expect(first).toMatchObject({ system: 'letters', documents: 24, cost: { where: 'endpoint', documentTokens: 120 } });
    // Letters in common tell a document from 23 others better than chance does.
    expect(first.metrics.RR).toBeGreaterThan(0.4);
    const asked = server.asked.length;
    expect(asked).toBe(5 + 2);
    const again = JSON.parse((await reasontune(args)).out).results[0];
    expect(again.metrics).toEqual(first.metrics);
    expect(again.cost.documentTokens).toBe(120);
    expect(server.asked).toHaveLength(asked);
    writeFileSync(
      join(scratch, 'other.yaml'),
      `${readFileSync(join(scratch, 'letters.yaml'), 'utf8')}normalize: false\n`,
    );
    const other = await reasontune(['eval', 'other.yaml', ...args.slice(2)]);
    expect(other).toMatchObject({ code: 1, err: expect.stringContaining('got one of other settings of its model') });
  });

  it('are asked in other words beside the set’s own', async () => {
    const ranked = ['eval', 'bm25', '--set', 'data', '--metrics', 'RR', '--rewrite'];
    const { out } = await reasontune([...ranked, 'backwards.yaml', '--prices', 'prices.yaml', '--out', 'o']);
    // BM25 does not care for the order of words.
    expect(out).toMatch(/BM25-backwards +RR +(\d\.\d{3}) +\1 +\+0\.000 +\+0\.000 to \+0\.000 +1\.0000/);
    expect(out).toMatch(/cost of .*tokens\/query +rewriter in +out +USD\/1,000 queries +index, once/);
    expect(out).toMatch(/BM25-backwards .* 5 +4 +0\.00[89]\d +0\.000/);
    expect(JSON.parse(readFileSync(join(scratch, 'o/data-test/BM25-backwards.json'), 'utf8'))).toMatchObject({
      rewritten: { by: 'backwards', original: 'BM25' },
      cost: { tokensPerQuery: { rewriterInput: 5, rewriterOutput: 4 } },
    });
    const lines = readFileSync(join(scratch, 'data/queries.jsonl'), 'utf8').trim().split('\n');
    const worse = lines.map((line) => ({ ...JSON.parse(line), text: 'zzzz', reason: JSON.parse(line).text }));
    writeFileSync(join(scratch, 'worse.jsonl'), worse.map((one) => JSON.stringify(one)).join('\n'));
    expect((await reasontune([...ranked, 'worse.jsonl'])).out).toMatch(/BM25-worse +RR +\d\.\d{3} +0\.000 +−\d\.\d{3}/);
    mkdirSync(join(scratch, 'vague/qrels'), { recursive: true });
    copyFileSync(join(scratch, 'data/corpus.jsonl'), join(scratch, 'vague/corpus.jsonl'));
    copyFileSync(join(scratch, 'data/qrels/test.tsv'), join(scratch, 'vague/qrels/test.tsv'));
    copyFileSync(join(scratch, 'worse.jsonl'), join(scratch, 'vague/queries.jsonl'));
    const field = ['eval', 'bm25', '--set', 'vague', '--metrics', 'RR', '--rewrite'];
    expect((await reasontune([...field, 'field:reason'])).out).toMatch(/BM25-reason +RR +0\.000 +1\.000 +\+1\.000/);
    const missing = await reasontune([...field, 'field:reasn']);
    expect(missing.err).toMatch(
      /for each of 6 queries in the field reasn, got none for 6, such as "q0"\. Add them\.\n$/,
    );
  });

  it('cost what a price file says, beside rerankers and web search', async () => {
    await reasontune(['eval', 'bm25', 'model', '--set', 'data', '--out', 'costs']);
    const { out, err } = await reasontune(['compare', 'costs', '--cost', 'prices.yaml']);
    expect(err).toBe('');
    expect(out).toMatch(/per 1,000 queries +USD +times the first +tokens\/query/);
    expect(out).toMatch(/model, best 100 reranked +\d+\.\d{4} +\d+\.\d +\d+\n/);
    expect(out).toMatch(/web search +5\.0000/);
    expect(out).toMatch(/assumed:\n.*1 USD an hour[\s\S]*counted by model/);
    const { costs } = JSON.parse((await reasontune(['compare', 'costs', '--cost', 'prices.yaml', '--json'])).out);
    expect(costs[0].rows).toHaveLength(7);
    writeFileSync(join(scratch, 'bad.yaml'), 'machine_per_hour: dear\n');
    const bad = await reasontune(['compare', 'costs', '--cost', 'bad.yaml']);
    expect(bad).toMatchObject({
      code: 1,
      err: expect.stringMatching(/bad\.yaml:1:\d+ machine_per_hour: expected a non-negative number, got "dear"/),
    });
  });

  it('retrieve for questions, which a language model answers with and without', async () => {
    const [first, second] = readFileSync(join(scratch, 'data/corpus.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const [held] = first.text.split(' ');
    const tasks = [
      { question: first.title, choices: ['qqqq', held], answer: 'B' },
      { question: second.title, answers: ['not there'] },
    ];
    writeFileSync(join(scratch, 'tasks.jsonl'), tasks.map((task) => JSON.stringify(task)).join('\n'));
    const args = ['rag', 'bm25', 'data', '--tasks', 'tasks.jsonl', '--k', '1'];
    const alone = await reasontune(args);
    expect(alone.err).toBe('');
    expect(alone.out).toMatch(/an answer stands in BM25's best 1 +0\.500 +0\.\d{3} to 0\.\d{3} +1 +2$/m);
    // Knows the answer only where a passage holds it.
    const reader = await openStandIn(({ prompt }) => ({
      text: prompt.includes(`[1] ${first.title} ${held}`) ? 'B' : 'no idea',
    }));
    for (const [name, places] of [
      ['closed', '{question}'],
      ['open', '{passages} {question}'],
    ] as const) {
      writeFileSync(join(scratch, `${name}.txt`), places);
    }
    const prompts = 'prompt: {closed: closed.txt, retrieved: open.txt}';
    writeFileSync(join(scratch, 'reader.yaml'), `${prompts}\nendpoint: {url: "${reader.url}", model: r}\n`);
    const { out, err } = await reasontune([...args, '--with', 'reader.yaml', '--out', 'rag']);
    const again = await reasontune([...args, '--with', 'reader.yaml', '--json']);
    await reader.close();
    expect(err).toContain('are in rag/rag.jsonl');
    expect(out).toMatch(/right, closed-book +0\.000/);
    expect(out).toMatch(/right, with passages +0\.500/);
    expect(out).toMatch(/where they hold an answer +1\.000/);
    expect(out).toMatch(
      /against closed-book: \+0\.500, .* p 1\.0000\nanswers .* wrong: 1 closed-book, 0 with passages\n4 requests/,
    );
    expect(JSON.parse(again.out)).toMatchObject({
      holds: { right: 1 },
      report: { retrieved: { right: 1 } },
      spent: { cached: 4 },
    });
    const [kept] = readFileSync(join(scratch, 'rag/rag.jsonl'), 'utf8').trim().split('\n');
    expect(JSON.parse(kept as string)).toMatchObject({
      holds: true,
      passages: [{ id: 'd0' }],
      retrieved: { text: 'B', right: true },
    });
  });

  it('count and list judged documents that a corpus lacks', async () => {
    const qrels = join(scratch, 'data/qrels/test.tsv');
    const before = readFileSync(qrels, 'utf8');
    writeFileSync(join(scratch, 'data/qrels/more.tsv'), `${before}q0\tgone\t1\nnobody\td1\t1\n`);
    const { out, err } = await reasontune(['eval', 'bm25', '--set', 'data', '--split', 'more', '--metrics', 'R@100']);
    expect(err).toBe(
      'data: 1 document judged but not in the corpus, never found: gone\ndata: 1 query judged but without a text, left out: nobody\n',
    );
    // Five queries whole, and half of q0's.
    expect(out).toMatch(/BM25 +0\.917/);
  });
});
