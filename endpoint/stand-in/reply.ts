import type { IncomingHttpHeaders } from 'node:http';
import type { Message } from '../chat.js';

/** What was asked of the stand-in. */
export interface Asked {
  /** The first message, or the texts to embed, each on a line. */
  readonly prompt: string;
  readonly messages: readonly Message[];
  readonly texts: readonly string[];
  /** The JSON Schema that the answer is to have, where the protocol's response_format names one. */
  readonly schema: unknown;
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers: IncomingHttpHeaders;
  /** Milliseconds, from an arbitrary beginning. */
  readonly at: number;
}

/** What the stand-in says to one request. */
export type Reply =
  | {
      readonly text: string;
      readonly alternatives?: readonly { readonly token: string; readonly logprob: number }[];
      readonly ended?: 'stop' | 'length' | 'content_filter';
    }
  /** The model would not. */
  | { readonly refusal: string }
  | { readonly vectors: readonly (readonly number[])[] }
  /** Another status than 200. */
  | {
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly message?: string;
      readonly code?: string;
    }
  /** A body that is not the protocol's. */
  | { readonly raw: string }
  /** Nothing, ever. */
  | { readonly silent: true }
  /** Half of the answer, and then nothing, or the connection's end. */
  | { readonly text: string; readonly after: 'silence' | 'hang-up' };

/** What answers one request; `number` counts requests from 1. */
export type Replier = (asked: Asked, number: number) => Reply;

/** Text for messages, and for the JSON Schema that is asked for, if one is: what stands in for a language model. */
export type Writer = (messages: readonly Message[], schema: unknown) => string;

/** As the protocol's tokenizers come to for English, about: bytes / 4, rounded up. */
function countTokens(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / 4);
}

/** A chat answer in the protocol's form. */
export function completion(asked: Asked, reply: Extract<Reply, { text: string } | { refusal: string }>) {
  const [content, refusal] = 'text' in reply ? [reply.text, null] : [null, reply.refusal];
  const alternatives = 'alternatives' in reply ? reply.alternatives : undefined;
  return {
    id: 'stand-in',
    object: 'chat.completion',
    model: asked.body.model,
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content, refusal },
        finish_reason: ('ended' in reply ? reply.ended : undefined) ?? 'stop',
        logprobs: alternatives ? { content: [{ top_logprobs: alternatives }] } : null,
      },
    ],
    usage: usageOf(asked, content ?? refusal ?? ''),
  };
}

/** Vectors in the protocol's form: not in the order of the texts, since an answer says which is which. */
export function embeddings(asked: Asked, vectors: readonly (readonly number[])[]) {
  const data = vectors.map((embedding, index) => ({ object: 'embedding', index, embedding })).reverse();
  const usage = { prompt_tokens: asked.texts.reduce((sum, text) => sum + countTokens(text), 0) };
  return { object: 'list', model: asked.body.model, data, usage };
}

export function usageOf({ messages }: Asked, text: string) {
  const [input, output] = [countTokens(messages.map(({ content }) => content).join('')), countTokens(text)];
  return { prompt_tokens: input, completion_tokens: output, total_tokens: input + output };
}
