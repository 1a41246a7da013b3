import { setTimeout as wait } from 'node:timers/promises';
import PQueue from 'p-queue';
import { z } from 'zod';
import { patientFetch } from '../hub/patient-fetch.js';
import { Fault, reasonOf } from '../plan/fault.js';
import { cacheFolder } from '../plan/places.js';
import type { EndpointPlan } from '../plan/reranker.js';
import { Answers } from './answers.js';
import { Budget, type Spent, type Tokens } from './budget.js';

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
}

// As many alternatives as OpenAI's API gives.
const mostAlternatives = 20;
const statusesToTryAgain = new Set([408, 409, 429, 500, 502, 503, 504, 529]);

/**
 * A language model behind OpenAI's chat protocol: concurrent up to a limit and a rate, patient with a server that is
 * busy, within a budget, and with every answer kept on disk by the content of what was asked.
 */
export class Endpoint {
  readonly #plan: EndpointPlan;
  readonly #queue: PQueue;
  readonly #answers: Answers;
  readonly #budget: Budget;
  readonly #fetch: typeof fetch;
  readonly #pause: (attempt: number) => number;
  /** The first fault: nothing is asked after it. */
  #fault: unknown;

  /** @param options.pause seconds to wait after failed attempt 0, 1, …, where the server does not say */
  constructor(
    plan: EndpointPlan,
    {
      folder = cacheFolder('answers'),
      pause = (attempt) => 2 ** attempt,
    }: { readonly folder?: string; readonly pause?: (attempt: number) => number } = {},
  ) {
    const { concurrency, requests_per_minute: perMinute, timeout } = plan;
    this.#plan = plan;
    this.#queue = new PQueue({
      concurrency,
      ...(perMinute === null ? {} : { interval: 60_000 / perMinute, intervalCap: 1, carryoverIntervalCount: true }),
    });
    this.#answers = new Answers(folder);
    this.#budget = new Budget(plan);
    this.#fetch = patientFetch({ firstAnswer: timeout, answer: timeout, silence: timeout });
    this.#pause = pause;
  }

  get spent(): Spent {
    return this.#budget.spent;
  }

  /**
   * Asks, or finds what was answered before.
   *
   * @throws Fault a budget that is used up, a server that refuses, or one that fails again and again
   */
  async ask({ text, longest, alternatives = false }: Question): Promise<Answer> {
    const body = {
      model: this.#plan.model,
      messages: [{ role: 'user', content: text }],
      temperature: 0,
      max_tokens: longest,
      ...(alternatives ? { logprobs: true, top_logprobs: mostAlternatives } : {}),
    };
    const request = { url: this.#plan.url, ...body };
    const known = answerSchema.safeParse(this.#answers.find(request));
    if (known.success) {
      this.#budget.countCached();
      return answerOf(known.data);
    }
    return this.#queue.add(async () => {
      if (this.#fault !== undefined) throw this.#fault;
      // A token is at least one byte of text, but for the few that set a message apart.
      const most = { input: Buffer.byteLength(text) + 32, output: longest };
      try {
        const answer = await this.#post(body, most);
        this.#answers.keep(request, answer);
        return answerOf(answer);
      } catch (error) {
        this.#fault ??= error;
        throw error;
      }
    });
  }

  async #post(body: object, most: Tokens): Promise<z.infer<typeof answerSchema>> {
    const url = `${this.#plan.url.replace(/\/+$/, '')}/chat/completions`;
    const key = process.env[this.#plan.key_variable];
    for (let attempt = 0; ; attempt++) {
      this.#budget.setAside(most);
      let used: Tokens = { input: 0, output: 0 };
      let got: string;
      let seconds = this.#pause(attempt);
      try {
        const response = await this.#fetch(url, {
          method: 'POST',
          headers: { 'content-type': 'application/json', ...(key ? { authorization: `Bearer ${key}` } : {}) },
          body: JSON.stringify(body),
        });
        const text = await response.text();
        if (response.ok) {
          const answer = answerSchema.safeParse(parse(text));
          used = answer.data?.usage
            ? { input: answer.data.usage.prompt_tokens, output: answer.data.usage.completion_tokens }
            : most;
          if (answer.success) return answer.data;
          got = `an answer of another form: ${excerpt(text)}`;
        } else {
          got = `status ${response.status}: ${excerpt(text)}`;
          if (!statusesToTryAgain.has(response.status)) {
            throw new Fault(
              `Expected an answer from ${url}, got ${got}. Check url, model and ${this.#plan.key_variable}.`,
            );
          }
          seconds = Number(response.headers.get('retry-after')) || seconds;
        }
      } catch (error) {
        if (error instanceof Fault) throw error;
        got = reasonOf(error instanceof Error && error.cause ? error.cause : error);
      } finally {
        this.#budget.settle(most, used);
      }
      if (attempt === this.#plan.retries) {
        throw new Fault(
          `Expected an answer from ${url}, got ${got} (${attempt + 1} times). See to the server and run again: what is done is kept.`,
        );
      }
      this.#budget.countRetry();
      await wait(seconds * 1000);
    }
  }
}

function answerOf({ choices: [first] }: z.infer<typeof answerSchema>): Answer {
  return {
    text: first?.message.content ?? '',
    alternatives: first?.logprobs?.content?.[0]?.top_logprobs ?? [],
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function excerpt(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
