import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ask } from '../../endpoint/chat.js';
import { Endpoint } from '../../endpoint/endpoint.js';
import type { Reply } from '../../endpoint/stand-in/reply.js';
import { openStandIn } from '../../endpoint/stand-in/stand-in.js';
import type { EndpointPlan } from '../../plan/endpoint.js';
import { Fault } from '../../plan/fault.js';

let folder: string;
let close: (() => Promise<unknown>) | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'reasontune-answers-'));
});
afterEach(async () => {
  await close?.();
  close = undefined;
  rmSync(folder, { recursive: true });
  delete process.env.SOME_KEY;
});

async function open(reply: (number: number) => Reply, more: Partial<EndpointPlan> = {}) {
  const server = await openStandIn((_, number) => reply(number));
  close = server.close;
  const plan: EndpointPlan = {
    url: server.url,
    model: 'm',
    key_variable: 'SOME_KEY',
    concurrency: 4,
    requests_per_minute: null,
    timeout: 5,
    retries: 2,
    price: null,
    budget: { requests: null, tokens: null, money: null },
    ...more,
  };
  return { server, plan, endpoint: new Endpoint(plan, { folder, pause: () => 0.01 }) };
}

const question = (text: string) => ({ text, longest: 10 });
const good: Reply = { text: 'yes' };

describe('an endpoint', () => {
  it('asks once, and finds the answer on disk ever after', async () => {
    const { server, plan, endpoint } = await open(() => good);
    const answer = {
      text: 'yes',
      alternatives: [],
      tokens: { input: 1, output: 1 },
      ended: 'whole',
      call: expect.stringMatching(/^[0-9a-f]{64}$/),
    };
    expect(await ask(endpoint, question('a'))).toEqual(answer);
    const later = new Endpoint(plan, { folder });
    expect(await ask(later, question('a'))).toEqual(answer);
    expect(server.asked.map(({ prompt }) => prompt)).toEqual(['a']);
    expect(server.asked[0]?.body).toMatchObject({ model: 'm', temperature: 0, max_tokens: 10 });
    expect(later.spent).toMatchObject({ requests: 0, cached: 1, tokens: { input: 0, output: 0 } });
    expect(endpoint.spent).toEqual({
      requests: 1,
      cached: 0,
      retries: 0,
      malformed: 0,
      refused: 0,
      tokens: { input: 1, output: 1 },
      money: null,
    });
    await ask(later, { ...question('a'), longest: 11 });
    expect(server.asked).toHaveLength(2);
  });

  it('asks again where a crash cut an answer short', async () => {
    const { server, plan, endpoint } = await open(() => good);
    await ask(endpoint, question('a'));
    const [file] = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.json'));
    const path = join(folder, file as string);
    writeFileSync(path, readFileSync(path, 'utf8').slice(0, 30));
    await ask(new Endpoint(plan, { folder }), question('a'));
    expect(server.asked).toHaveLength(2);
  });

  it.each<[string, Reply]>([
    ['429', { status: 429 }],
    ['500', { status: 500 }],
    ['rubbish', { raw: '<html>' }],
    ['JSON of another form', { raw: '{"choices": []}' }],
  ])('tries again after %s', async (_what, bad) => {
    const { endpoint } = await open((number) => (number < 3 ? bad : good));
    expect((await ask(endpoint, question('a'))).text).toBe('yes');
    expect(endpoint.spent).toMatchObject({ requests: 3, retries: 2 });
  });

  it('waits as long as the server says', async () => {
    const { server, endpoint } = await open((n) =>
      n === 1 ? { status: 429, headers: { 'retry-after': '0.3' } } : good,
    );
    await ask(endpoint, question('a'));
    const [first, second] = server.asked.map(({ at }) => at) as [number, number];
    expect(second - first).toBeGreaterThan(290);
  });

  it.each<[string, Reply, RegExp]>([
    ['500 for ever', { status: 500 }, /got status 500: .* \(3 times\)\. See to the server and run again/],
    ['rubbish for ever', { raw: '<html>' }, /got an answer of another form: "<html>" \(3 times\)/],
    ['silence', { silent: true }, /got no answer for 0\.2 s \(3 times\)/],
    ['401', { status: 401 }, /got status 401: .*Check url, model and SOME_KEY/],
  ])('gives up on %s with a fault, keeps what is done and asks no more', async (_what, bad, message) => {
    const { server, plan, endpoint } = await open((n) => (n === 1 ? good : bad), { concurrency: 1, timeout: 0.2 });
    const asked = await Promise.allSettled(['a', 'b', 'c', 'd'].map((text) => ask(endpoint, question(text))));
    expect(asked.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'rejected']);
    const { reason } = asked[1] as PromiseRejectedResult;
    expect(reason).toBeInstanceOf(Fault);
    expect(reason.message).toMatch(message);
    expect(server.asked.some(({ prompt }) => prompt === 'c')).toBe(false);
    expect((await ask(new Endpoint(plan, { folder }), question('a'))).text).toBe('yes');
  });

  it('names a server that is not there', async () => {
    const { plan, server } = await open(() => good, { retries: 0 });
    await server.close();
    await expect(ask(new Endpoint(plan, { folder }), question('a'))).rejects.toThrow(
      /got .*ECONNREFUSED.* \(1 times\)/,
    );
  });

  it('keeps to its concurrency and its rate', async () => {
    const { server, endpoint } = await open(() => good, { concurrency: 2, requests_per_minute: 1200 });
    await Promise.all(['a', 'b', 'c', 'd', 'e'].map((text) => ask(endpoint, question(text))));
    expect(server.mostAtOnce()).toBeLessThanOrEqual(2);
    // Five requests 50 ms apart.
    expect((server.asked.at(-1)?.at ?? 0) - (server.asked[0]?.at ?? 0)).toBeGreaterThan(180);
  });

  it.each<[string, Partial<EndpointPlan>, number]>([
    ['requests', { budget: { requests: 3, tokens: null, money: null } }, 3],
    // Set aside for each: 1 byte + 32 + 10; used: 2. The fourth would need 6 + 43.
    ['tokens', { budget: { requests: null, tokens: 48, money: null } }, 3],
    ['money', { price: { input: 1e6, output: 1e6 }, budget: { requests: null, tokens: null, money: 48 } }, 3],
  ])('stops before a budget of %s is exceeded', async (what, more, made) => {
    const { server, endpoint } = await open(() => good, { concurrency: 1, ...more });
    const asked = await Promise.allSettled(['a', 'b', 'c', 'd', 'e'].map((text) => ask(endpoint, question(text))));
    expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(made);
    expect(server.asked).toHaveLength(made);
    expect(String((asked.at(-1) as PromiseRejectedResult).reason)).toMatch(
      new RegExp(`endpoint\\.budget\\.${what}, got .* Raise it and run again: what is done is kept`),
    );
  });

  it('sends its key, and writes it nowhere', async () => {
    process.env.SOME_KEY = 'sk-secret';
    vi.stubEnv('OPENAI_LOG', 'debug');
    const logged = (['debug', 'info', 'warn', 'error', 'log'] as const).map((how) => vi.spyOn(console, how));
    const { server, endpoint } = await open((n) => (n === 1 ? good : { status: 401 }));
    await ask(endpoint, question('a'));
    expect(server.asked[0]?.headers.authorization).toBe('Bearer sk-secret');
    const failure = await ask(endpoint, question('b')).catch(String);
    const kept = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.json'));
    expect(kept).toHaveLength(1);
    const written = kept.map((name) => readFileSync(join(folder, name), 'utf8'));
    expect(`${written}${failure}`).not.toContain('sk-secret');
    expect(logged.flatMap(({ mock }) => mock.calls)).toEqual([]);
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
  });
});
