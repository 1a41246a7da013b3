import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { z } from 'zod';
import { dryEndpoint } from '../../endpoint/dry.js';
import { Endpoint } from '../../endpoint/endpoint.js';
import { openStandIn } from '../../endpoint/stand-in/stand-in.js';
import { written } from '../../endpoint/stand-in/writing.js';
import { askFor } from '../../endpoint/structured.js';
import { endpoint as endpointSchema } from '../../plan/endpoint.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'reasontune-dry-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const schema = z.strictObject({ text: z.string() });
const ask = (endpoint: Endpoint, text: string) =>
  askFor(endpoint, { messages: [{ role: 'user', content: text }], schema, longest: 50 });

it('a dry endpoint counts what the work then takes, without what is kept, and leaves nothing behind', async () => {
  const writer = () => JSON.stringify({ text: 'an answer of some length' });
  const server = await openStandIn(written(writer));
  const budget = { requests: 5, tokens: null, money: 1 };
  const plan = endpointSchema.parse({ url: server.url, model: 'm', price: { input: 1, output: 2 }, budget });
  await ask(new Endpoint(plan, { folder }), 'text 0');
  const kept = readdirSync(folder, { recursive: true });
  const texts = ['text 0', 'text 1', 'text 2', 'text 2', 'text 3'];

  const dry = dryEndpoint(plan, writer, folder);
  expect((await Promise.all(texts.map((text) => ask(dry, text)))).every(({ value }) => value !== null)).toBe(true);
  expect(server.requests()).toBe(1);
  expect(readdirSync(folder, { recursive: true })).toEqual(kept);
  expect(dry.spent).toMatchObject({ requests: 3, cached: 2 });
  expect(dry.spent.tokens.output).toBe(3 * Math.ceil(writer().length / 4));

  const real = new Endpoint(plan, { folder });
  await Promise.all(texts.map((text) => ask(real, text)));
  expect(real.spent).toEqual(dry.spent);
  await server.close();
});
