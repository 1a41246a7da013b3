import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { embedTexts } from '../../endpoint/embeddings.js';
import { Endpoint } from '../../endpoint/endpoint.js';
import type { Asked, Reply } from '../../endpoint/stand-in/reply.js';
import { openStandIn } from '../../endpoint/stand-in/stand-in.js';
import type { EndpointPlan } from '../../plan/endpoint.js';

let folder: string;
let close: (() => Promise<unknown>) | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'reasontune-embeddings-'));
});
afterEach(async () => {
  await close?.();
  close = undefined;
  rmSync(folder, { recursive: true });
});

const lengths = ({ texts }: Asked): Reply => ({ vectors: texts.map((text) => [text.length, 0.1]) });

async function open(reply: (asked: Asked, number: number) => Reply = lengths) {
  const server = await openStandIn(reply);
  close = server.close;
  const plan: EndpointPlan = {
    url: server.url,
    model: 'm',
    key_variable: 'SOME_KEY',
    concurrency: 1,
    requests_per_minute: null,
    timeout: 5,
    retries: 1,
    price: null,
    budget: { requests: null, tokens: null, money: null },
  };
  return { server, plan, endpoint: new Endpoint(plan, { folder, pause: () => 0.01 }) };
}

const how = { batch: 2, dimensions: null };
const first = (found: readonly { vector: Float32Array }[]) => found.map(({ vector }) => vector[0]);

describe('embeddings of a server', () => {
  it('come in batches, in the order of the texts, and are kept text by text', async () => {
    const { server, plan, endpoint } = await open();
    const found = await embedTexts(endpoint, ['a', 'bb', 'ccc'], how);
    expect(found).toEqual([
      { vector: Float32Array.of(1, 0.1), tokens: 1 },
      { vector: Float32Array.of(2, 0.1), tokens: 1 },
      { vector: Float32Array.of(3, 0.1), tokens: 1 },
    ]);
    expect(server.asked.map(({ body }) => body)).toEqual([
      { model: 'm', input: ['a', 'bb'], encoding_format: 'float' },
      { model: 'm', input: ['ccc'], encoding_format: 'float' },
    ]);
    const later = new Endpoint(plan, { folder });
    const done: number[] = [];
    expect(first(await embedTexts(later, ['ccc', 'dddd', 'a'], { ...how, batch: 9 }, (n) => done.push(n)))).toEqual([
      3, 4, 1,
    ]);
    expect(server.asked.at(-1)?.prompt).toBe('dddd');
    expect(later.spent).toMatchObject({ requests: 1, cached: 2, tokens: { input: 1, output: 0 } });
    expect(done).toEqual([2, 3]);
    await embedTexts(later, ['a'], { batch: 1, dimensions: 8 });
    expect(server.asked.at(-1)?.body).toMatchObject({ input: ['a'], dimensions: 8 });
  });

  it.each<[string, Reply]>([
    ['one vector too few', { vectors: [[1]] }],
    ['vectors of two widths', { vectors: [[1], [1, 2]] }],
    ['rubbish', { raw: '{"data": 3}' }],
    ['429', { status: 429 }],
  ])('are asked for again after %s, and what is done is kept', async (_what, bad) => {
    const { server, plan, endpoint } = await open((asked, n) => (n === 1 || n === 3 ? bad : lengths(asked)));
    expect(first(await embedTexts(endpoint, ['a', 'bb'], how))).toEqual([1, 2]);
    expect(server.asked).toHaveLength(2);
    const impatient = new Endpoint({ ...plan, retries: 0 }, { folder });
    await expect(embedTexts(impatient, ['a', 'c', 'dd', 'e'], how)).rejects.toThrow(
      /Expected an answer from .*embeddings/,
    );
    expect(server.asked).toHaveLength(3);
    const later = new Endpoint(plan, { folder });
    expect(first(await embedTexts(later, ['bb', 'a'], how))).toEqual([2, 1]);
    expect(later.spent.requests).toBe(0);
  });
});
