import type { EndpointPlan } from '../plan/endpoint.js';
import { Fault } from '../plan/fault.js';

/** Tokens that one request read and wrote. */
export interface Tokens {
  readonly input: number;
  readonly output: number;
}

/** What a command has used up at an endpoint. */
export interface Spent {
  readonly requests: number;
  /** Answers that came from the cache. */
  readonly cached: number;
  readonly retries: number;
  /** Values that could not be had: answers that do not fit their schema, and none. */
  readonly malformed: number;
  readonly refused: number;
  readonly tokens: Tokens;
  /** By the plan's price; null where it has none. */
  readonly money: number | null;
}

/**
 * Holds a command to its budget: before each request, what it may take at most is set aside beside what was spent, and
 * a request that might not fit is not made. So the budget stops before it is exceeded, and never after.
 */
export class Budget {
  #requests = 0;
  #cached = 0;
  #retries = 0;
  #unusable = { malformed: 0, refused: 0 };
  #input = 0;
  #output = 0;
  #aside = { input: 0, output: 0 };

  constructor(private readonly plan: EndpointPlan) {}

  /** @throws Fault when the request might not fit. */
  setAside(most: Tokens): void {
    const { budget } = this.plan;
    const input = this.#input + this.#aside.input + most.input;
    const output = this.#output + this.#aside.output + most.output;
    this.#hold('requests', this.#requests + 1, budget.requests, this.#requests);
    this.#hold('tokens', input + output, budget.tokens, this.#input + this.#output);
    this.#hold('money', this.#money(input, output) ?? 0, budget.money, this.#money(this.#input, this.#output) ?? 0);
    this.#requests++;
    this.#aside = { input: this.#aside.input + most.input, output: this.#aside.output + most.output };
  }

  /** What was set aside is free again; `used` of it is spent. */
  settle(most: Tokens, used: Tokens): void {
    this.#aside = { input: this.#aside.input - most.input, output: this.#aside.output - most.output };
    this.#input += used.input;
    this.#output += used.output;
  }

  countCached(): void {
    this.#cached++;
  }

  countRetry(): void {
    this.#retries++;
  }

  countUnusable(why: 'malformed' | 'refused'): void {
    this.#unusable[why]++;
  }

  get spent(): Spent {
    return {
      requests: this.#requests,
      cached: this.#cached,
      retries: this.#retries,
      ...this.#unusable,
      tokens: { input: this.#input, output: this.#output },
      money: this.#money(this.#input, this.#output),
    };
  }

  #money(input: number, output: number): number | null {
    const { price } = this.plan;
    return price === null ? null : (input * price.input + output * price.output) / 1e6;
  }

  #hold(what: keyof EndpointPlan['budget'], would: number, limit: number | null, spent: number): void {
    if (limit === null || would <= limit) return;
    throw new Fault(
      `Expected the work to fit endpoint.budget.${what}, got ${spent} of ${limit} spent and a request that might not fit. ` +
        'Raise it and run again: what is done is kept.',
    );
  }
}
