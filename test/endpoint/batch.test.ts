import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { BatchTransport } from '../../endpoint/batch.js';
import { Endpoint } from '../../endpoint/endpoint.js';
import type { Reply } from '../../endpoint/stand-in/reply.js';
import { openStandIn, type StandIn } from '../../endpoint/stand-in/stand-in.js';
import { type Slip, written } from '../../endpoint/stand-in/writing.js';
import { askFor } from '../../endpoint/structured.js';
import { openClient } from '../../endpoint/transport.js';
import { endpoint as endpointSchema } from '../../plan/endpoint.js';

let folder: string;
let server: StandIn | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'reasontune-batch-'));
});
afterEach(async () => {
  await server?.close();
  rmSync(folder, { recursive: true });
});

async function serve(script: (number: number) => Slip | Reply | undefined = () => undefined) {
  server = await openStandIn(written(([first]) => JSON.stringify({ said: first?.content }), script));
  return server;
}

const batches = () => join(folder, 'batches');

function open({ url }: StandIn, more: object = {}) {
  const plan = endpointSchema.parse({ url, model: 'm', batch: 'api', concurrency: 1, ...more });
  const transport = new BatchTransport(plan, openClient(plan, url), { folder: batches(), quiet: 0.05, between: 0.01 });
  return new Endpoint(plan, { folder: join(folder, 'answers'), run: folder, transport, pause: () => 0.01 });
}

const schema = z.strictObject({ said: z.string() });
const ask = (endpoint: Endpoint, text: string) =>
  askFor(endpoint, { messages: [{ role: 'user', content: text }], schema, longest: 9 });
const texts = Array.from({ length: 20 }, (_, i) => `text ${i}`);
const askAll = (endpoint: Endpoint) => Promise.all(texts.map((text) => ask(endpoint, text)));

describe('requests in batches', () => {
  it('go out together, whatever the concurrency, and come back each to its own', async () => {
    const server = await serve((n) => (n === 3 ? 'no json' : n === 5 ? { status: 500 } : undefined));
    const endpoint = open(server);
    const had = await askAll(endpoint);
    expect(had.map(({ value }) => value?.said)).toEqual(texts);
    // The first with all, the others with what did not fit and what failed.
    expect(server.batches()).toBeGreaterThan(1);
    expect(server.batches()).toBeLessThanOrEqual(3);
    expect(server.requests()).toBe(22);
    expect(endpoint.spent).toMatchObject({ requests: 22, retries: 1 });
    endpoint.close();
    // The same answers under the same names where each goes by itself.
    const { batch: _, ...plain } = endpoint.plan;
    const single = new Endpoint(plain, { folder: join(folder, 'answers') });
    expect(await askAll(single)).toEqual(had);
    expect(single.spent.requests).toBe(0);
  });

  it.each<[string, () => void]>([
    ['submitted and noted', () => {}],
    [
      'submitted and not noted',
      () => {
        for (const file of readdirSync(batches())) if (file.endsWith('.batch')) rmSync(join(batches(), file));
      },
    ],
  ])('are paid once where a start was killed when they were %s', async (_what, kill) => {
    const server = await serve();
    const endpoint = open(server);
    // As a kill leaves it: the batch is at the server, and nobody fetched it.
    const lost = askAll(endpoint);
    while (server.batches() === 0) await new Promise((later) => setTimeout(later, 5));
    await lost;
    endpoint.close();
    rmSync(join(folder, 'answers'), { recursive: true });
    const ledger = join(folder, 'calls.jsonl');
    const begun = readFileSync(ledger, 'utf8')
      .split('\n')
      .filter((line) => line.includes('most'));
    writeFileSync(ledger, `${begun.join('\n')}\n`);
    for (const file of readdirSync(batches())) if (file.includes('answers')) rmSync(join(batches(), file));
    kill();

    const later = open(server);
    expect(later.spentInAll.unanswered).toBe(20);
    expect((await askAll(later)).map(({ value }) => value?.said)).toEqual(texts);
    expect(server.batches()).toBe(1);
    expect(server.requests()).toBe(20);
    expect(later.spentInAll).toMatchObject({ requests: 20, unanswered: 0, tokens: later.spent.tokens });
    later.close();
  });

  it('are files alone where the plan says so, run by somebody else', async () => {
    const server = await serve();
    const endpoint = open(server, { batch: 'files' });
    const asked = await Promise.allSettled(texts.map((text) => ask(endpoint, text)));
    expect(String((asked[0] as PromiseRejectedResult).reason)).toMatch(
      /Expected the answers to .*requests\.jsonl in .*answers\.jsonl, got none yet\. Have that file run/,
    );
    expect(server.requests()).toBe(0);
    endpoint.close();
    const [file] = readdirSync(batches());
    const requests = readFileSync(join(batches(), file as string), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(requests[0]).toMatchObject({
      method: 'POST',
      url: '/v1/chat/completions',
      body: { model: 'm', max_tokens: 9 },
    });
    const answers = requests.slice(1).map(({ custom_id, body }) => {
      const choices = [
        { message: { content: JSON.stringify({ said: body.messages[0].content }) }, finish_reason: 'stop' },
      ];
      return JSON.stringify({ custom_id, response: { status_code: 200, body: { choices } }, error: null });
    });
    const put = join(batches(), (file as string).replace('requests', 'answers'));
    writeFileSync(`${put}.new`, answers.join('\n'));
    renameSync(`${put}.new`, put);
    // One was not answered: it is asked for in a file of its own.
    const later = open(server, { batch: 'files' });
    const had = await Promise.allSettled(texts.map((text) => ask(later, text)));
    expect(had.filter(({ status }) => status === 'fulfilled')).toHaveLength(19);
    expect(readdirSync(batches()).filter((name) => name.includes('requests'))).toHaveLength(2);
    later.close();
  });
});
