import { z } from 'zod';
import type { Tokens } from './budget.js';
import type { Endpoint } from './endpoint.js';

/** What is asked: one message from the user. */
export interface Question {
  readonly text: string;
  /** The most tokens that the answer may have. */
  readonly longest: number;
  /** Ask for the probabilities of the first token's alternatives. */
  readonly alternatives?: boolean;
}

const answerSchema = z.object({
  choices: z
    .array(
      z.object({
        message: z.object({ content: z.string().nullable() }),
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
}

// As many alternatives as OpenAI's API gives.
const mostAlternatives = 20;

/**
 * Asks a language model by OpenAI's chat protocol, or finds what was answered before: every answer is kept on disk by
 * the content of what was asked.
 *
 * @throws Fault as {@link Endpoint.post}
 */
export async function ask(endpoint: Endpoint, { text, longest, alternatives = false }: Question): Promise<Answer> {
  const { url, model } = endpoint.plan;
  const body = {
    messages: [{ role: 'user', content: text }],
    temperature: 0,
    max_tokens: longest,
    ...(alternatives ? { logprobs: true, top_logprobs: mostAlternatives } : {}),
  };
  const asked = { url, model, ...body };
  const known = answerSchema.safeParse(endpoint.answers.find(asked));
  if (known.success) {
    endpoint.countCached();
    return answerOf(known.data);
  }
  const request = {
    path: '/chat/completions',
    body,
    answer: answerSchema,
    // A token is at least one byte of text, but for the few that set a message apart.
    most: { input: Buffer.byteLength(text) + 32, output: longest },
    used: tokensOf,
  };
  return answerOf(await endpoint.post(request, (answer) => endpoint.answers.keep(asked, answer)));
}

function tokensOf({ usage }: z.output<typeof answerSchema>): Tokens | null {
  return usage ? { input: usage.prompt_tokens, output: usage.completion_tokens } : null;
}

function answerOf(answer: z.output<typeof answerSchema>): Answer {
  const [first] = answer.choices;
  return {
    text: first?.message.content ?? '',
    alternatives: first?.logprobs?.content?.[0]?.top_logprobs ?? [],
    tokens: tokensOf(answer),
  };
}
