import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { BatchTransport } from '../../endpoint/batch.js';
import { Endpoint } from '../../endpoint/endpoint.js';
import { completion } from '../../endpoint/stand-in/reply.js';
import { readAsked } from '../../endpoint/stand-in/stand-in.js';
import { openClient } from '../../endpoint/transport.js';
import { asker } from '../../synth/ask.js';
import { synthesize } from '../../synth/synthesize.js';
import { chain, scripted, words } from './chain.js';

const documents = Array.from({ length: 12 }, (_, i) => `${'abcdefghijkl'[i]}one ${words(20, i)}`);
// One is lost and drawn anew.
const script = {
  check: ({ document = '' }) => ({ self_contained: document[0] !== 'b', needs_reasoning: true, answered: true }),
};
const yaml = `hard_queries: {number: 8, quality: {type: rules, at_least: 0.3}}
varied_length: {number: 3, domain: d, tasks: 2, query_words: [{words: [300, 400], share: 1}]}
negatives: {written: 1, mined: 1}
candidates: {ranks: [1, 5]}`;
const files = ['hq.jsonl', 'vl.jsonl', 'left-out.jsonl'];

/** What a synthesis with each request by itself writes, and one whose requests go in batches, in a folder of its own. */
async function both() {
  const all = await chain(yaml, documents, script);
  await all.run();
  const batched = mkdtempSync(join(all.folder, 'batched-'));
  const run = async (batch: 'api' | 'files') => {
    const plan = { ...all.plan.endpoint!, batch };
    const transport = new BatchTransport(plan, openClient(plan, plan.url), {
      folder: join(batched, 'batches'),
      quiet: 0.2,
      between: 0.01,
    });
    const endpoint = new Endpoint(plan, { folder: join(batched, 'answers'), run: batched, transport });
    const [write, judge] = [asker(endpoint, all.prompts, 0.8), asker(endpoint, all.prompts, 0)];
    const hands = { plan: all.plan, prompts: all.prompts, write, judge, width: Number.POSITIVE_INFINITY };
    try {
      return { card: await synthesize(batched, { ...hands, onProgress: () => {} }), spent: endpoint.spentInAll };
    } finally {
      endpoint.close();
    }
  };
  const read = (folder: string): string[] => files.map((name) => readFileSync(join(folder, name), 'utf8'));
  return { all, batched, run, read };
}

it('a synthesis in batches writes what one request after another does, a batch for each turn', async () => {
  const { all, batched, run, read } = await both();
  const before = all.server.requests();
  const { card, spent } = await run('api');
  expect(card.kinds.map(({ records, ended }) => [records, ended])).toEqual([
    [8, 'complete'],
    [3, 'complete'],
  ]);
  expect(read(batched)).toEqual(read(all.out));
  expect(spent.requests).toBe(all.server.requests() - before);
  // Eight hard queries, one more, and three long ones, of five turns each at most.
  expect(all.server.batches()).toBeLessThanOrEqual(16);
  expect(all.server.batches()).toBeLessThan(spent.requests / 3);
  await all.server.close();
});

it('a synthesis in files stops at each turn for somebody to run them, and ends with the same records', async () => {
  const { all, batched, run, read } = await both();
  const before = all.server.requests();
  const folder = join(batched, 'batches');
  const writer = scripted(script);
  let stops = 0;
  for (;;) {
    const ended = await run('files').catch((error: Error) => error);
    if (!(ended instanceof Error)) break;
    expect(ended.message).toMatch(/^Expected the answers to .*requests\.jsonl in .*answers\.jsonl, got none yet\./);
    stops++;
    const open = readdirSync(folder).filter(
      (name) => name.endsWith('.requests.jsonl') && !readdirSync(folder).includes(name.replace('requests', 'answers')),
    );
    expect(open).toHaveLength(1);
    const lines = readFileSync(join(folder, open[0]!), 'utf8').trimEnd().split('\n');
    const answers = lines.map((line) => {
      const { custom_id, body } = JSON.parse(line);
      const asked = readAsked(body, {});
      const said = completion(asked, { text: writer(asked.messages, asked.schema) });
      return JSON.stringify({ custom_id, response: { status_code: 200, body: said }, error: null });
    });
    writeFileSync(join(folder, open[0]!.replace('requests', 'answers')), `${answers.join('\n')}\n`);
  }
  expect(stops).toBeGreaterThan(4);
  expect(stops).toBeLessThanOrEqual(16);
  expect(read(batched)).toEqual(read(all.out));
  // Nothing went to the server.
  expect(all.server.requests()).toBe(before);
  await all.server.close();
});
