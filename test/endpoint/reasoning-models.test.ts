import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ask } from '../../endpoint/chat.js';
import { Endpoint } from '../../endpoint/endpoint.js';
import { openStandIn, type StandIn } from '../../endpoint/stand-in/stand-in.js';
import { written } from '../../endpoint/stand-in/writing.js';
import { endpoint as endpointSchema } from '../../plan/endpoint.js';

let folder: string;
let server: StandIn;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'reasontune-reasoning-'));
  // As OpenAI's reasoning models say it.
  server = await openStandIn(
    written(
      () => 'Yes.',
      (_number, { body }) => {
        const wrong = 'max_tokens' in body ? 'max_tokens' : 'temperature' in body ? 'temperature' : undefined;
        if (wrong === undefined) return undefined;
        const message =
          wrong === 'max_tokens'
            ? "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
            : "Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) value is supported.";
        return { status: 400, message, code: 'unsupported_parameter' };
      },
    ),
  );
});
afterEach(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

const open = (more: object) =>
  new Endpoint(endpointSchema.parse({ url: server.url, model: 'm', retries: 0, ...more }), { folder });
const question = { text: 'Is it?', longest: 10 };

describe('a reasoning model', () => {
  it.each([
    [{}, 'Set endpoint.length_limit to max_completion_tokens.'],
    [{ length_limit: 'max_completion_tokens' }, 'Set endpoint.send_temperature to false.'],
  ])('that refuses what is sent says what to set: %j', async (more, advice) => {
    await expect(ask(open(more), question)).rejects.toThrow(advice);
  });

  it('is asked as it wants it, with room to think that the budget knows of', async () => {
    const more = { length_limit: 'max_completion_tokens', send_temperature: false, thinking_tokens: 4000 };
    expect(await ask(open(more), question)).toMatchObject({ text: 'Yes.', ended: 'whole' });
    const { body } = server.asked[0]!;
    expect(body).toMatchObject({ max_completion_tokens: 4010 });
    expect(Object.keys(body)).not.toContain('temperature');
    const again = { text: 'Is it so?', longest: 10 };
    await expect(ask(open({ ...more, budget: { tokens: 4000 } }), again)).rejects.toThrow('endpoint.budget.tokens');
  });
});

it('what a plan does not say is asked as before: the same call, so that kept answers are found', async () => {
  const plain = await openStandIn(written(() => 'Yes.'));
  const plan = endpointSchema.parse({ url: plain.url, model: 'm' });
  await ask(new Endpoint(plan, { folder }), question);
  expect(Object.keys(plain.asked[0]!.body)).toEqual(['model', 'messages', 'temperature', 'max_tokens']);
  await ask(new Endpoint({ ...plan, thinking_tokens: 0, send_temperature: true }, { folder }), question);
  expect(plain.requests()).toBe(1);
  await plain.close();
});
