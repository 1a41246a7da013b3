import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readSynthesis } from '../../plan/synthesis.js';
import { estimate } from '../../synth/estimate.js';
import { Prompts } from '../../synth/prompts.js';
import { chain, tag, words } from './chain.js';

const documents = Array.from({ length: 6 }, (_, i) => `${'abcdef'[i]}one ${words(20, i)}`);
const hq = (more = '') => `hard_queries: {number: 6, quality: {type: rules, at_least: 0.3}${more}}`;
const calls = (turns: readonly { turn: string; calls: number }[]) => turns.map(({ turn, calls }) => [turn, calls]);

// What is kept is looked for where the plan's own endpoint would.
const cache = process.env.REASONTUNE_CACHE;
const own = mkdtempSync(join(tmpdir(), 'reasontune-estimate-'));
beforeAll(() => {
  process.env.REASONTUNE_CACHE = own;
});
afterAll(() => {
  if (cache === undefined) delete process.env.REASONTUNE_CACHE;
  else process.env.REASONTUNE_CACHE = cache;
});

// As long as models write them.
const question = ({ document = '' }) => ({
  question: `why would ${tag(document)} do so ${words(76, 200 + document.charCodeAt(0))}`,
});

it.each<[string, string]>([
  [
    'rewritten positives and long queries',
    `${hq(', positive: rewritten, passage_words: [20, 40]')}\nvaried_length: {number: 3, domain: d, tasks: 2}`,
  ],
  ['mined negatives', `${hq()}\nnegatives: {written: 1, mined: 2}\ncandidates: {ranks: [1, 5]}`],
  ['graded candidates', `${hq(', positive: graded')}\nnegatives: {written: 0, mined: 1}`],
  ['a language model that picks the documents', hq().replace('type: rules, at_least: 0.3', 'type: language-model')],
])('counts the calls that a run then makes: %s', async (_what, yaml) => {
  // All documents share words, so that BM25 finds each for every question.
  const all = await chain(
    yaml,
    documents.map((text) => `${text} would so before`),
    { question },
  );
  const counted = await estimate(all.plan, all.prompts, all.out);
  expect(all.server.requests()).toBe(0);
  expect(existsSync(all.out)).toBe(false);
  const { card } = await all.run();
  await all.server.close();
  expect(counted.kinds.every(({ ended, records, wanted }) => ended === 'complete' && records === wanted)).toBe(true);
  expect(calls(counted.turns)).toEqual(calls(card.cost));
  const asked = card.cost.reduce((sum, { tokens }) => sum + tokens.input, 0);
  expect(Math.abs(counted.tokens.input / asked - 1)).toBeLessThan(0.2);
  expect(counted.money).toBeCloseTo((counted.tokens.input + 2 * counted.tokens.output) / 1e6, 5);
});

it('takes off what is kept, follows what was answered, and counts the rest', async () => {
  const refuses = {
    check: ({ document = '' }) => ({ self_contained: document[0] !== 'a', needs_reasoning: true, answered: true }),
  };
  const all = await chain(hq().replace('number: 6', 'number: 4'), documents, refuses);
  const first = await estimate(all.plan, all.prompts, all.out);
  expect(first).toMatchObject({ calls: 16, kept: 0 });
  const { spent } = await all.run(all.out, own);
  const requests = all.server.requests();
  const again = await estimate(all.plan, all.prompts, all.out);
  expect(again).toMatchObject({ calls: 0, kept: spent.requests, tokens: { input: 0, output: 0 }, money: 0 });
  // One more is wanted: what there is costs nothing, and that one the four calls of a record.
  const more = await estimate(
    { ...all.plan, hard_queries: { ...all.plan.hard_queries!, number: 5 } },
    all.prompts,
    all.out,
  );
  expect(more).toMatchObject({ calls: 4, kept: spent.requests });
  expect(all.server.requests()).toBe(requests);
  await all.server.close();
});

it('says what stood in for encoders, and that documents will not do', async () => {
  const { file, server } = await chain(
    `hard_queries: {number: 9, quality: {type: classifier, sample: 4}}
negatives: {mined: 1}
candidates: {by: [bm25, no/such-model]}`,
    documents,
  );
  await server.close();
  const plan = readSynthesis(file);
  const { standIns, kinds, turns } = await estimate(plan, new Prompts(undefined, 2000), join(own, 'none'));
  expect(standIns.join('; ')).toBe(
    'BM25 in the place of no/such-model for candidates; every document taken for good in the place of the classifier',
  );
  expect(kinds).toEqual([{ kind: 'hq', wanted: 9, records: 6, ended: 'exhausted' }]);
  expect(turns.find(({ turn }) => turn === 'quality')).toMatchObject({ calls: 4 });
});

it('knows the judge’s own price', async () => {
  const { file, server } = await chain(hq(), documents);
  await server.close();
  const { url } = readSynthesis(file).endpoint!;
  const judge = `judging.endpoint={url: "${url}", model: judge, price: {input: 100, output: 0}}`;
  const { turns } = await estimate(readSynthesis(file, [judge]), new Prompts(undefined, 2000), join(own, 'none'));
  for (const { turn, tokens, money } of turns) {
    const judged = turn === 'check' || turn === 'grade';
    const price = judged ? 100 * tokens.input : tokens.input + 2 * tokens.output;
    expect(money).toBeCloseTo(price / 1e6, 9);
  }
});
