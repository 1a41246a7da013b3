import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the server says to one request: a status other than 200, text that is no JSON, silence, or an answer. */
export type Reply =
  | { readonly status: number; readonly headers?: Record<string, string> }
  | { readonly raw: string }
  | { readonly silent: true }
  | { readonly vectors: readonly (readonly number[])[] }
  | { readonly text: string; readonly alternatives?: readonly { token: string; logprob: number }[] };

export interface Asked {
  /** The message, or the texts to embed, each on a line. */
  readonly prompt: string;
  readonly body: Record<string, unknown>;
  readonly headers: IncomingHttpHeaders;
  /** Milliseconds. */
  readonly at: number;
}

/** Stands in for a model: OpenAI's chat and embeddings protocols on the loopback, with answers made by a function. */
export async function chatServer(reply: (asked: Asked, number: number) => Reply) {
  const asked: Asked[] = [];
  let [open, most] = [0, 0];
  const server = createServer(async (request, response) => {
    most = Math.max(most, ++open);
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const body = JSON.parse(Buffer.concat(parts).toString());
    const one = {
      prompt: body.messages?.[0].content ?? body.input.join('\n'),
      body,
      headers: request.headers,
      at: performance.now(),
    };
    asked.push(one);
    const said = reply(one, asked.length);
    await new Promise((done) => setTimeout(done, 5));
    open--;
    if ('silent' in said) return;
    if ('status' in said) {
      response.writeHead(said.status, said.headers).end('{"error": "as told"}');
    } else if ('raw' in said) {
      response.writeHead(200).end(said.raw);
    } else if ('vectors' in said) {
      // Not in the order of the texts: an answer says which is which.
      const data = said.vectors.map((embedding, index) => ({ index, embedding })).reverse();
      response.writeHead(200).end(JSON.stringify({ data, usage: { prompt_tokens: 3 * data.length } }));
    } else {
      const logprobs = said.alternatives ? { content: [{ top_logprobs: said.alternatives }] } : null;
      const choices = [{ message: { content: said.text }, logprobs }];
      response.writeHead(200).end(JSON.stringify({ choices, usage: { prompt_tokens: 10, completion_tokens: 2 } }));
    }
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    asked,
    mostAtOnce: () => most,
    close: () => {
      server.closeAllConnections();
      return new Promise((closed) => server.close(closed));
    },
  };
}
