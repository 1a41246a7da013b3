import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ask, converse } from '../../endpoint/chat.js';
import { Endpoint } from '../../endpoint/endpoint.js';
import type { Replier, Reply } from '../../endpoint/stand-in/reply.js';
import { openStandIn, type StandIn } from '../../endpoint/stand-in/stand-in.js';
import { endpoint as endpointSchema } from '../../plan/endpoint.js';

let folder: string;
let server: StandIn | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'reasontune-pace-'));
});
afterEach(async () => {
  await server?.close();
  rmSync(folder, { recursive: true });
});

async function open(reply: Replier, more: object = {}) {
  const opened = await openStandIn(reply);
  server = opened;
  const plan = endpointSchema.parse({ url: opened.url, model: 'm', ...more });
  return { server: opened, plan, endpoint: new Endpoint(plan, { folder, pause: () => 0.02 }) };
}

const questions = (count: number) => Array.from({ length: count }, (_, i) => ({ text: `${i}`, longest: 5 }));

describe('the pace', () => {
  it('falls to what a busy server takes, loses nothing, and rises again', async () => {
    let busy = true;
    const opened = await open(
      (): Reply => {
        const most = busy ? 4 : 1000;
        return opened.server.open() > most ? { status: 429, headers: { 'retry-after': '0.02' } } : { text: 'yes' };
      },
      { concurrency: 64, retries: 2 },
    );
    const { endpoint } = opened;
    const answers = await Promise.all(questions(100).map((one) => ask(endpoint, one)));
    expect(answers.every(({ text }) => text === 'yes')).toBe(true);
    expect(endpoint.pace.concurrency).toBeLessThan(16);
    expect(endpoint.spent.retries).toBeGreaterThan(30);
    busy = false;
    const before = endpoint.spent.retries;
    const slow = endpoint.pace.concurrency;
    await Promise.all(questions(300).map((one) => ask(endpoint, one)));
    expect(endpoint.spent.retries).toBe(before);
    expect(endpoint.pace.concurrency).toBeGreaterThan(slow + 4);
  });

  it('begins nothing while the server wants rest', async () => {
    const { server, endpoint } = await open(
      (_, n) => (n === 1 ? { status: 503, headers: { 'retry-after': '0.4' } } : { text: 'yes' }),
      { concurrency: 1 },
    );
    await Promise.all(questions(3).map((one) => ask(endpoint, one)));
    expect(server.asked[1]!.at - server.asked[0]!.at).toBeGreaterThan(390);
    expect(server.asked.map(({ prompt }) => prompt)).toEqual(['0', '0', '1', '2']);
  });

  it.each<[string, Reply, RegExp]>([
    ['that is busy for ever', { status: 429 }, /got status 429: .* \(3 times\)/],
    [
      'that wants a day',
      { status: 429, headers: { 'retry-after': '86400' } },
      /to be asked again in 86400 s\. Then run/,
    ],
    ['whose quota is used up', { status: 429, code: 'insufficient_quota' }, /got status 429: .*Check url/],
  ])('gives up on a server %s', async (_what, reply, message) => {
    const { endpoint } = await open(() => reply, { retries: 2 });
    await expect(ask(endpoint, questions(1)[0]!)).rejects.toThrow(message);
  });
});

describe('a streamed answer', () => {
  it('is put together, and kept under the same name as one that came whole', async () => {
    const text = 'Ω, '.repeat(50);
    const { server, plan, endpoint } = await open(() => ({ text }), { stream: true });
    const whole = { messages: [{ role: 'user', content: 'a' } as const], longest: 60 };
    const streamed = await converse(endpoint, whole);
    expect(server.asked[0]?.body).toMatchObject({ stream: true, stream_options: { include_usage: true } });
    expect(streamed).toMatchObject({ text, ended: 'whole', tokens: { input: 1, output: 50 } });
    const { stream: _, ...other } = plan;
    expect(await converse(new Endpoint(other, { folder }), whole)).toEqual(streamed);
    expect(server.requests()).toBe(1);
  });

  it.each<[string, Reply, RegExp]>([
    ['hangs up', { text: 'half of it', after: 'hang-up' }, /Expected an answer from .*\(2 times\)/],
    ['falls silent', { text: 'half of it', after: 'silence' }, /the answer stopped coming for 0\.2 s/],
  ])('is asked for again where the server %s half-way, streamed or not', async (_what, bad, message) => {
    for (const stream of [true, false]) {
      const { endpoint, server } = await open((_, n) => (n === 1 ? bad : { text: 'yes' }), { stream, timeout: 0.2 });
      expect((await ask(endpoint, questions(1)[0]!)).text).toBe('yes');
      // What the server may have counted, we count: 1 byte + 32 and 5 for the answer that broke off, 1 and 1 for the other.
      expect(endpoint.spent).toMatchObject({ requests: 2, tokens: { input: 34, output: 6 } });
      await server.close();
      const never = await open(() => bad, { stream, timeout: 0.2, retries: 1 });
      await expect(ask(never.endpoint, { text: 'other', longest: 5 })).rejects.toThrow(message);
      await never.server.close();
    }
  });
});
