import { setTimeout as wait } from 'node:timers/promises';
import PQueue from 'p-queue';
import type { z } from 'zod';
import { patientFetch } from '../hub/patient-fetch.js';
import type { EndpointPlan } from '../plan/endpoint.js';
import { Fault, reasonOf } from '../plan/fault.js';
import { cacheFolder } from '../plan/places.js';
import { Answers } from './answers.js';
import { Budget, type Spent, type Tokens } from './budget.js';

/** One request of OpenAI's protocol, and how its answer is read. */
export interface Request<T extends z.ZodType> {
  /** Below the plan's url, such as `/chat/completions`. */
  readonly path: string;
  /** All but the model's name. */
  readonly body: Readonly<Record<string, unknown>>;
  readonly answer: T;
  /** What it can take at most. */
  readonly most: Tokens;
  /** What it took, where the server says so. */
  readonly used: (answer: z.output<T>) => Tokens | null;
}

const statusesToTryAgain = new Set([408, 409, 429, 500, 502, 503, 504, 529]);

/**
 * A model behind OpenAI's protocol: concurrent up to a limit and a rate, patient with a server that is busy, within a
 * budget. {@link Answers} are kept by whoever asks: ./chat.ts, ./embeddings.ts.
 */
export class Endpoint {
  readonly plan: EndpointPlan;
  readonly #queue: PQueue;
  /** What was answered before, on disk. */
  readonly answers: Answers;
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
    this.plan = plan;
    this.#queue = new PQueue({
      concurrency,
      ...(perMinute === null ? {} : { interval: 60_000 / perMinute, intervalCap: 1, carryoverIntervalCount: true }),
    });
    this.answers = new Answers(folder);
    this.#budget = new Budget(plan);
    this.#fetch = patientFetch({ firstAnswer: timeout, answer: timeout, silence: timeout });
    this.#pause = pause;
  }

  get spent(): Spent {
    return this.#budget.spent;
  }

  countCached(): void {
    this.#budget.countCached();
  }

  countUnusable(why: 'malformed' | 'refused'): void {
    this.#budget.countUnusable(why);
  }

  /**
   * Asks as soon as concurrency and rate allow it, and keeps the answer by `keep` before the next is asked.
   *
   * @throws Fault a budget that is used up, a server that refuses, or one that fails again and again
   */
  async post<T extends z.ZodType>(request: Request<T>, keep: (answer: z.output<T>) => void): Promise<z.output<T>> {
    return this.#queue.add(async () => {
      if (this.#fault !== undefined) throw this.#fault;
      try {
        const answer = await this.#patiently(request);
        keep(answer);
        return answer;
      } catch (error) {
        this.#fault ??= error;
        throw error;
      }
    });
  }

  async #patiently<T extends z.ZodType>({ path, body, answer: schema, most, used: usage }: Request<T>) {
    const url = `${this.plan.url.replace(/\/+$/, '')}${path}`;
    const key = process.env[this.plan.key_variable];
    for (let attempt = 0; ; attempt++) {
      this.#budget.setAside(most);
      let used: Tokens = { input: 0, output: 0 };
      let got: string;
      let seconds = this.#pause(attempt);
      try {
        const response = await this.#fetch(url, {
          method: 'POST',
          headers: { 'content-type': 'application/json', ...(key ? { authorization: `Bearer ${key}` } : {}) },
          body: JSON.stringify({ model: this.plan.model, ...body }),
        });
        const text = await response.text();
        if (response.ok) {
          const answer = schema.safeParse(parse(text));
          used = (answer.success ? usage(answer.data) : null) ?? most;
          if (answer.success) return answer.data;
          got = `an answer of another form: ${excerpt(text)}`;
        } else {
          got = `status ${response.status}: ${excerpt(text)}`;
          if (!statusesToTryAgain.has(response.status)) {
            throw new Fault(
              `Expected an answer from ${url}, got ${got}. Check url, model and ${this.plan.key_variable}.`,
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
      if (attempt === this.plan.retries) {
        throw new Fault(
          `Expected an answer from ${url}, got ${got} (${attempt + 1} times). See to the server and run again: what is done is kept.`,
        );
      }
      this.#budget.countRetry();
      await wait(seconds * 1000);
    }
  }
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
