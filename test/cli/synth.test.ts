import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStandIn } from '../../endpoint/stand-in/stand-in.js';
import { written } from '../../endpoint/stand-in/writing.js';
import { writeTinyModel } from '../support/tiny.js';
import { scripted, words } from '../synth/chain.js';
import { type Command, commandIn } from './command.js';

// The compiled command line, as a user runs it (`npm test` builds it first), with the canned writer for a model.

let scratch: string;
let reasontune: Command;

beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'reasontune-synth-cli-'));
  reasontune = commandIn(scratch);
  const model = writeTinyModel(join(scratch, 'model'));
  writeFileSync(
    join(scratch, 'demo.yaml'),
    `name: demo
canned: {folder: concepts, concepts: 12}
documents: {path: concepts}
hard_queries: {number: 30, quality: {type: classifier, model: ${model}, sample: 40}, overlap: 0.5}
varied_length:
  number: 4
  domain: engineers
  tasks: 4
  query_words: [{words: [300, 500], share: 1}]
  positive_words: [40, 80]
negatives: {written: 1, written_words: [40, 80], mined: 1}
candidates: {by: [bm25, ${model}], ranks: [1, 10]}
eval_sets: [{path: concepts}]
run:
  name: demo
  model: {base: ${model}, max_length: {query: 24, document: 32}}
  data:
    sources: [{name: hq, kind: hard-query, path: synthetic/demo/hq.jsonl}]
    negatives: {per_query: 1}
  train: {batch_size: 6, duration: 2 steps}
  eval: {sets: [{path: concepts}]}
`,
  );
});
afterAll(() => rmSync(scratch, { recursive: true }));

describe('reasontune synth', () => {
  it('estimates, synthesizes, trains and evaluates, and says that the canned writer knows the truth', async () => {
    const dry = await reasontune(['synth', 'demo.yaml', '--estimate', '--set', 'hard_queries.quality={type: rules}']);
    expect(dry.out).toMatch(/question +30 +0 +\d+ +\d+\n/);
    expect(dry.out).toMatch(/together/);
    expect(existsSync(join(scratch, 'synthetic'))).toBe(false);

    // The canned writer calls every document good, so that a classifier has nothing to learn from.
    const alike = await reasontune(['synth', 'demo.yaml']);
    expect(alike.code).toBe(1);
    expect(alike.err).toMatch(/Expected ten good and ten bad examples for hard_queries\.quality, got \d+ and 0/);

    rmSync(join(scratch, 'synthetic'), { recursive: true });
    const args = ['synth', 'demo.yaml', '--set', 'hard_queries.quality={type: rules, at_least: 0.5}'];
    const { code, out, err } = await reasontune(args);
    expect(err).toMatch(/canned-writer: \d+ requests/);
    expect(code).toBe(0);
    expect(out).toMatch(/^Written by the canned writer, which knows the truth/);
    expect(out).toMatch(/hard queries +30 +30 /);
    expect(out).toMatch(/system +nDCG@10 +R@100/);
    const card = JSON.parse(readFileSync(join(scratch, 'synthetic/demo/card.json'), 'utf8'));
    const [hard, long] = card.kinds;
    expect(hard).toMatchObject({
      kind: 'hq',
      records: 30,
      inspection: { leaks: [{ leakedQueries: { exact: 0, near: 0 } }] },
    });
    expect(Object.keys(hard.leftOut)).toContain('speaks of the document');
    expect(long.lengths.queries.distance).toBeLessThan(0.5);
    const page = readFileSync(join(scratch, 'synthetic/demo/card.md'), 'utf8');
    for (const word of ['# demo', 'knows the truth', '## Hard queries', 'asked', 'Of the eval sets', '## Calls']) {
      expect(page).toContain(word);
    }
    const again = await reasontune([...args, '--json']);
    expect(JSON.parse(again.out).kinds).toEqual(card.kinds);
    expect(again.err).toMatch(/canned-writer: 0 requests/);
    // All is answered: nothing is left to pay.
    const { out: left } = await reasontune([...args, '--estimate', '--json']);
    const { calls, kept, turns } = JSON.parse(left);
    expect(calls).toBe(0);
    expect(kept).toBeGreaterThan(100);
    expect(turns.map(({ turn }: { turn: string }) => turn)).toEqual(
      card.cost.map(({ turn }: { turn: string }) => turn),
    );
  });

  it('writes what there is where the budget is used up, says so, and exits with 1; with more it goes on', async () => {
    const server = await openStandIn(written(scripted({})), { delay: 0 });
    const texts = Array.from({ length: 8 }, (_, i) => `${'abcdefgh'[i]}one ${words(20, i)}`);
    writeFileSync(
      join(scratch, 'few.jsonl'),
      texts.map((text, i) => `${JSON.stringify({ _id: `d${i}`, text })}\n`).join(''),
    );
    writeFileSync(
      join(scratch, 'budget.yaml'),
      `name: budget
endpoint: {url: "${server.url}", model: m, concurrency: 1, budget: {requests: 18}}
documents: {path: few.jsonl, words: [5, 2000]}
hard_queries: {number: 6, quality: {type: rules, at_least: 0.3}}
`,
    );
    const { code, out, err } = await reasontune(['synth', 'budget.yaml']);
    expect(code).toBe(1);
    expect(err).toMatch(
      /Expected the work to fit endpoint\.budget\.requests, got 18 of 18 spent .* what is done is kept\./,
    );
    expect(out).toMatch(/Fewer hard queries than are wanted: the budget is used up\./);
    expect(existsSync(join(scratch, 'synthetic/budget/card.md'))).toBe(true);
    const more = await reasontune(['synth', 'budget.yaml', '--set', 'endpoint.budget.requests=24']);
    expect(more.code).toBe(0);
    expect(more.out).not.toMatch(/Fewer/);
    expect(server.requests()).toBe(24);
    await server.close();
  });

  it.each<[string, string[], RegExp]>([
    ['no plan', ['synth', 'nowhere.yaml'], /nowhere\.yaml: expected a plan file, got no such file/],
    ['a training plan', ['synth', 'plan.yaml'], /train: unknown key/],
  ])('exits with 1 for %s', async (_name, args, message) => {
    writeFileSync(join(scratch, 'plan.yaml'), 'name: p\ntrain: {batch_size: 2}\n');
    const { code, err, out } = await reasontune(args);
    expect(err).toMatch(message);
    expect([code, out]).toEqual([1, '']);
  });
});
