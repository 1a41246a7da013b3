import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { type Asked, completion, embeddings, type Replier, type Reply, usageOf } from './reply.js';

export interface StandIn {
  /** Up to and with /v1. */
  readonly url: string;
  /** Chats and embeddings, in the order they came; where it was told to remember them. */
  readonly asked: readonly Asked[];
  /** How many chats and embeddings came. */
  readonly requests: () => number;
  /** How many are being answered now, and were at the most. */
  readonly open: () => number;
  readonly mostAtOnce: () => number;
  readonly close: () => Promise<void>;
}

/**
 * Stands in for a model: OpenAI's chat and embeddings protocols on the loopback, streamed where that is asked for, with
 * answers made by a function (./writing.ts makes one of a writer). It needs no key.
 *
 * @param options.delay milliseconds before each reply
 * @param options.remember keep what was asked
 */
export async function openStandIn(
  reply: Replier,
  { delay = 5, remember = true }: { readonly delay?: number; readonly remember?: boolean } = {},
): Promise<StandIn> {
  const asked: Asked[] = [];
  let [requests, open, most] = [0, 0, 0];
  const server = createServer(async (request, response) => {
    response.on('error', () => {});
    most = Math.max(most, ++open);
    response.on('close', () => open--);
    const one = readAsked(request, JSON.parse((await bodyOf(request)).toString()));
    if (remember) asked.push(one);
    const said = reply(one, ++requests);
    await wait(delay);
    answer(response, one, said);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    asked,
    requests: () => requests,
    open: () => open,
    mostAtOnce: () => most,
    close: () => {
      server.closeAllConnections();
      return new Promise((closed) => server.close(() => closed()));
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

const bodySchema = z.looseObject({
  messages: z.array(z.object({ role: z.enum(['system', 'user', 'assistant']), content: z.string() })).default([]),
  input: z.array(z.string()).default([]),
  response_format: z.object({ json_schema: z.object({ schema: z.unknown() }).optional() }).optional(),
});

function readAsked(request: IncomingMessage, body: unknown): Asked {
  const { messages, input, response_format: format } = bodySchema.parse(body);
  return {
    prompt: messages[0]?.content ?? input.join('\n'),
    messages,
    texts: input,
    schema: format?.json_schema?.schema ?? null,
    body: body as Asked['body'],
    headers: request.headers,
    at: performance.now(),
  };
}

function answer(response: ServerResponse, asked: Asked, said: Reply): void {
  const send = (status: number, body: string, headers = {}) =>
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);
  if ('silent' in said) return;
  if ('status' in said) {
    const { status, headers, message = 'as told', code = null } = said;
    send(status, JSON.stringify({ error: { message, code, type: null, param: null } }), headers);
  } else if ('raw' in said) {
    send(200, said.raw);
  } else if ('vectors' in said) {
    send(200, JSON.stringify(embeddings(asked, said.vectors)));
  } else {
    const after = 'after' in said ? said.after : null;
    const whole = asked.body.stream ? streamed(asked, said) : JSON.stringify(completion(asked, said));
    if (after === null) {
      if (asked.body.stream) response.writeHead(200, { 'content-type': 'text/event-stream' }).end(whole);
      else send(200, whole);
      return;
    }
    response.writeHead(200, { 'content-length': Buffer.byteLength(whole) });
    response.write(whole.slice(0, whole.length / 2), () => after === 'hang-up' && response.destroy());
  }
}

/** The answer as events, a few characters each, with what it took at the end. */
function streamed(asked: Asked, said: Extract<Reply, { text: string } | { refusal: string }>): string {
  const whole = completion(asked, said);
  const event = (choices: unknown[], more = {}) =>
    `data: ${JSON.stringify({ id: whole.id, object: 'chat.completion.chunk', model: whole.model, choices, ...more })}\n\n`;
  const delta = (delta: unknown, finish_reason: string | null = null) => event([{ index: 0, delta, finish_reason }]);
  const { content, refusal } = whole.choices[0]!.message;
  const parts = (content ?? '').match(/[\s\S]{1,16}/g) ?? [];
  return [
    delta({ role: 'assistant', content: '', refusal }),
    ...parts.map((part) => delta({ content: part })),
    delta({}, whole.choices[0]!.finish_reason),
    event([], { usage: usageOf(asked, content ?? '') }),
    'data: [DONE]\n\n',
  ].join('');
}
