import { z } from 'zod';
import type { Tokens } from './budget.js';
import type { Endpoint } from './endpoint.js';

export interface Message {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

/** What is asked. */
export interface Conversation {
  readonly messages: readonly Message[];
  /** The most tokens that the answer may have. */
  readonly longest: number;
  readonly temperature?: number;
  /** Ask for the probabilities of the first token's alternatives. */
  readonly alternatives?: boolean;
  /** What form the answer has, as the protocol says it. */
  readonly format?: Readonly<Record<string, unknown>> | undefined;
  /** From 0: another draw of the same question, an answer of its own. */
  readonly attempt?: number;
  /** As `Request.refusable` of ./endpoint.ts. */
  readonly refusable?: boolean;
}

/** One message from the user. */
export interface Question {
  readonly text: string;
  readonly longest: number;
  readonly alternatives?: boolean;
}

const answerSchema = z.object({
  choices: z
    .array(
      z.object({
        message: z.object({ content: z.string().nullish(), refusal: z.string().nullish() }),
        finish_reason: z.string().nullish(),
        logprobs: z
          .object({
            content: z
              .array(z.object({ top_logprobs: z.array(z.object({ token: z.string(), logprob: z.number() })) }))
              .nullish(),
          })
          .nullish(),
      }),
    )
    .min(1),
  usage: z.object({ prompt_tokens: z.number(), completion_tokens: z.number() }).nullish(),
});

/** What is answered. */
export interface Answer {
  readonly text: string;
  /** What the first token might have been, with natural logarithms of probabilities; where it was asked for. */
  readonly alternatives: readonly { readonly token: string; readonly logprob: number }[];
  /** What it took when it was asked, where the server says so. */
  readonly tokens: Tokens | null;
  /** Whether the model ended by itself, was cut off at `longest`, or would not answer; null where the server does not say. */
  readonly ended: 'whole' | 'cut' | 'refused' | null;
  /** The hash of what was asked, under which the answer is kept. */
  readonly call: string;
}

// As many alternatives as OpenAI's API gives.
const mostAlternatives = 20;

// A token is at least one byte of text, but for the few that set a message apart.
const tokensAroundMessage = 32;

/** Asks one question at temperature 0. @throws Fault as {@link converse} */
export function ask(endpoint: Endpoint, { text, longest, alternatives = false }: Question): Promise<Answer> {
  return endpoint.pace.admit(() =>
    converse(endpoint, { messages: [{ role: 'user', content: text }], longest, alternatives }),
  );
}

/**
 * Asks a language model by OpenAI's chat protocol, or finds what was answered before: every answer is kept on disk by
 * the content of what was asked.
 *
 * @throws Fault as {@link Endpoint.post}
 */
export async function converse(endpoint: Endpoint, conversation: Conversation): Promise<Answer> {
  const {
    messages,
    longest,
    temperature = 0,
    alternatives = false,
    format,
    attempt = 0,
    refusable = false,
  } = conversation;
  const { url, model, length_limit: limit, send_temperature: sends, thinking_tokens: thinking } = endpoint.plan;
  const most = longest + (thinking ?? 0);
  const body = {
    messages: messages.map(({ role, content }) => ({ role, content })),
    ...(sends === false ? {} : { temperature }),
    [limit ?? 'max_tokens']: most,
    ...(alternatives ? { logprobs: true, top_logprobs: mostAlternatives } : {}),
    ...(format ? { response_format: format } : {}),
  };
  const asked = { url, model, ...body, ...(attempt > 0 ? { attempt } : {}) };
  const bytes = messages.reduce((sum, { content }) => sum + Buffer.byteLength(content) + tokensAroundMessage, 0);
  const { answer, call } = await endpoint.answer(asked, {
    path: '/chat/completions',
    body,
    answer: answerSchema,
    most: { input: bytes + (format ? Buffer.byteLength(JSON.stringify(format)) : 0), output: most },
    used: tokensOf,
    refusable,
  });
  return answerOf(answer, call);
}

function tokensOf({ usage }: z.output<typeof answerSchema>): Tokens | null {
  return usage ? { input: usage.prompt_tokens, output: usage.completion_tokens } : null;
}

const ends: Readonly<Record<string, Answer['ended']>> = { stop: 'whole', length: 'cut', content_filter: 'refused' };

function answerOf(answer: z.output<typeof answerSchema>, call: string): Answer {
  const [first] = answer.choices;
  const { message, finish_reason: reason, logprobs } = first ?? {};
  return {
    text: message?.content ?? '',
    alternatives: logprobs?.content?.[0]?.top_logprobs ?? [],
    tokens: tokensOf(answer),
    ended: message?.refusal ? 'refused' : (ends[reason ?? ''] ?? null),
    call,
  };
}
