import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { Batches } from './batches.js';
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
  readonly batches: () => number;
  readonly close: () => Promise<void>;
}

/**
 * Stands in for a model: OpenAI's chat, embeddings and batch protocols on the loopback, streamed where that is asked for,
 * with answers made by a function (./writing.ts makes one of a writer). It needs no key.
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
  const take = (body: unknown, headers: IncomingHttpHeaders): Asked => {
    const one = readAsked(body, headers);
    if (remember) asked.push(one);
    return one;
  };
  const batches = new Batches((body) => {
    const one = take(body, {});
    return plain(one, reply(one, ++requests));
  });
  const server = createServer(async (request, response) => {
    response.on('error', () => {});
    most = Math.max(most, ++open);
    response.on('close', () => open--);
    const body = await bodyOf(request);
    const { method = '', url = '', headers } = request;
    const filed = /\/(files|batches)\b/.test(url)
      ? await batches.handle(method, url, headers['content-type'] ?? '', body)
      : undefined;
    if (filed !== undefined) {
      const text = typeof filed === 'object' ? JSON.stringify(filed ?? {}) : filed;
      response.writeHead(filed === null ? 404 : 200, { 'content-type': 'application/json' }).end(text);
      return;
    }
    const one = take(JSON.parse(body.toString()), headers);
    const said = reply(one, ++requests);
    await wait(delay);
    answer(response, one, said);
  });
  // A connection that is at rest is the client's to close: one closed here as a request comes is a fault nobody asked for.
  server.keepAliveTimeout = 600_000;
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    asked,
    requests: () => requests,
    open: () => open,
    mostAtOnce: () => most,
    batches: () => batches.submitted,
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

export function readAsked(body: unknown, headers: IncomingHttpHeaders): Asked {
  const { messages, input, response_format: format } = bodySchema.parse(body);
  return {
    prompt: messages[0]?.content ?? input.join('\n'),
    messages,
    texts: input,
    schema: format?.json_schema?.schema ?? null,
    body: body as Asked['body'],
    headers,
    at: performance.now(),
  };
}

/** A reply as the protocol's JSON, with its status. */
function plain(asked: Asked, said: Reply) {
  if ('status' in said) {
    const { status, message = 'as told', code = null } = said;
    return { status, body: { error: { message, code, type: null, param: null } } };
  }
  if ('vectors' in said) return { status: 200, body: embeddings(asked, said.vectors) };
  return { status: 200, body: 'text' in said || 'refusal' in said ? completion(asked, said) : said };
}

function answer(response: ServerResponse, asked: Asked, said: Reply): void {
  if ('silent' in said) return;
  const { status, body } = plain(asked, said);
  const events = Boolean(asked.body.stream) && ('text' in said || 'refusal' in said);
  const whole = 'raw' in said ? said.raw : events ? streamed(asked, said) : JSON.stringify(body);
  response.writeHead(status, {
    'content-type': events ? 'text/event-stream' : 'application/json',
    'content-length': Buffer.byteLength(whole),
    ...('status' in said ? said.headers : {}),
  });
  if (!('after' in said)) response.end(whole);
  else response.write(whole.slice(0, whole.length / 2), () => said.after === 'hang-up' && response.destroy());
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
