import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { Endpoint } from '../../endpoint/endpoint.js';
import type { Asked, Reply } from '../../endpoint/stand-in/reply.js';
import { openStandIn, type StandIn } from '../../endpoint/stand-in/stand-in.js';
import { type Slip, written } from '../../endpoint/stand-in/writing.js';
import { askFor } from '../../endpoint/structured.js';
import { endpoint as endpointSchema } from '../../plan/endpoint.js';

let folder: string;
let server: StandIn | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'reasontune-structured-'));
});
afterEach(async () => {
  await server?.close();
  rmSync(folder, { recursive: true });
});

const schema = z.strictObject({ question: z.string().min(3), grades: z.array(z.int().min(0).max(5)).min(1) });
const value = { question: 'Why, {"then"}?', grades: [1, 2, 3, 4] };
const wanted = { messages: [{ role: 'user', content: 'Ask.' } as const], schema, longest: 50 };

async function open(script: (number: number, asked: Asked) => Slip | Reply | undefined, more: object = {}) {
  server = await openStandIn(written(() => JSON.stringify(value), script));
  const plan = endpointSchema.parse({ url: server.url, model: 'm', retries: 0, ...more });
  return { server, plan, endpoint: new Endpoint(plan, { folder }) };
}

describe('a value of a language model', () => {
  it.each<[string, Slip | undefined]>([
    ['clean JSON', undefined],
    ['JSON in a fence', 'fenced'],
    ['JSON amid prose', 'prose'],
    ['a trailing comma', 'trailing comma'],
  ])('is read from %s in one call', async (_what, slip) => {
    const { server, endpoint, plan } = await open(() => slip);
    const had = await askFor(endpoint, wanted);
    expect(had).toMatchObject({ value, why: null, call: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(await askFor(new Endpoint(plan, { folder }), wanted)).toEqual(had);
    expect(server.requests()).toBe(1);
  });

  it.each<[string, Slip, RegExp]>([
    ['is cut off before a required field', 'cut off', /cut off: be shorter/],
    ['is no JSON', 'no json', /no JSON/],
    ['repeats itself', 'repeats', /cut off: be shorter/],
  ])('is asked for once more where the answer %s, with its fault', async (_what, slip, fault) => {
    const { server, endpoint } = await open((number) => (number === 1 ? slip : undefined));
    const { value: had, tokens } = await askFor(endpoint, wanted);
    expect(had).toEqual(value);
    expect(server.asked[1]?.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user']);
    expect(server.asked[1]?.messages[2]?.content).toMatch(fault);
    expect(endpoint.spent).toMatchObject({ requests: 2, malformed: 0, tokens: tokens ?? {} });
  });

  it('is null after a second answer that does not fit: counted, kept, and not asked for again', async () => {
    const { server, endpoint, plan } = await open(() => ({ text: '{"question": "Why?", "grades": [9]}' }));
    expect(await askFor(endpoint, wanted)).toMatchObject({ value: null, why: 'malformed' });
    expect(server.asked[1]?.messages[2]?.content).toMatch(/grades\[0\]/);
    expect(endpoint.spent.malformed).toBe(1);
    const later = new Endpoint(plan, { folder });
    expect(await askFor(later, wanted)).toMatchObject({ value: null, why: 'malformed' });
    expect(later.spent).toMatchObject({ requests: 0, cached: 2, malformed: 1 });
    // Another draw is a question of its own.
    await askFor(later, { ...wanted, attempt: 1 });
    expect(server.requests()).toBe(4);
  });

  it('keeps what was whole of a list that was cut off, and closes no value that was not', async () => {
    const text = '{"question": "Why, then?", "grades": [1, 2, 3';
    const { server, endpoint } = await open(() => ({ text, ended: 'length' }));
    const { value: had } = await askFor(endpoint, wanted);
    expect(had).toEqual({ question: 'Why, then?', grades: [1, 2] });
    expect(server.requests()).toBe(1);
  });

  it.each<[string, Reply]>([
    ['says so', { refusal: 'I cannot.' }],
    ['is filtered', { text: '', ended: 'content_filter' }],
  ])('is null where the model refuses and %s', async (_what, reply) => {
    const { server, endpoint } = await open(() => reply);
    expect(await askFor(endpoint, wanted)).toMatchObject({ value: null, why: 'refused' });
    expect(endpoint.spent.refused).toBe(1);
    expect(server.requests()).toBe(1);
  });

  it('is asked for by its schema, or in words where the plan says so', async () => {
    const { server, endpoint } = await open(() => undefined);
    await askFor(endpoint, wanted);
    expect(server.asked[0]?.body.response_format).toMatchObject({ type: 'json_schema', json_schema: { strict: true } });
    expect(server.asked[0]?.schema).toMatchObject({ required: ['question', 'grades'], additionalProperties: false });
    await server.close();
    for (const how of ['json_object', 'text']) {
      const { server, endpoint } = await open(() => undefined, { response_format: how });
      await askFor(endpoint, wanted);
      const [one] = server.asked;
      expect(one?.messages[0]?.content).toMatch(
        /^Ask\.\n\nAnswer with JSON alone, by this JSON Schema:\n{"type":"object"/,
      );
      expect(one?.body.response_format).toEqual(how === 'text' ? undefined : { type: how });
      await server.close();
    }
  });
});

describe('a request that the server will not have', () => {
  const long = { ...wanted, messages: [{ role: 'user', content: 'x'.repeat(1 << 20) } as const] };

  it('is null, and stops no other', async () => {
    const { server, endpoint } = await open((_, { messages }) =>
      (messages[0]?.content.length ?? 0) > 1000 ? { status: 400, code: 'context_length_exceeded' } : undefined,
    );
    const [one, two] = await Promise.all([askFor(endpoint, long), askFor(endpoint, wanted)]);
    expect(one).toMatchObject({ value: null, why: 'refused', call: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(two.value).toEqual(value);
    expect(endpoint.spent).toMatchObject({ requests: 2, refused: 1, retries: 0 });
    expect(server.requests()).toBe(2);
  });

  it('is a fault where it has none of them', async () => {
    const { server, endpoint } = await open(() => ({ status: 400, message: 'unknown: response_format' }));
    const asked = Array.from({ length: 60 }, (_, attempt) => askFor(endpoint, { ...wanted, attempt }));
    await expect(Promise.all(asked)).rejects.toThrow(/got status 400: .*Set endpoint\.response_format to json_object/);
    await Promise.allSettled(asked);
    expect(server.requests()).toBeLessThan(30);
  });
});
