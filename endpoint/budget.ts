import type { EndpointPlan } from '../plan/endpoint.js';
import { Fault } from '../plan/fault.js';
import type { Ledger } from './ledger.js';

/** Tokens that one request read and wrote. */
export interface Tokens {
  readonly input: number;
  readonly output: number;
}

/** What a run has used up over all its starts. */
export interface SpentInAll {
  readonly requests: number;
  /** Requests that were under way when a start was killed: they may have been paid, and count as much as they could take. */
  readonly unanswered: number;
  readonly tokens: Tokens;
  readonly money: number | null;
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

/** The budget does not hold the next request: what was done is kept, and nothing more is asked. */
export class UsedUp extends Fault {}

/** What tokens cost; null without a price. */
export function moneyOf({ input, output }: Tokens, price: EndpointPlan['price']): number | null {
  return price === null ? null : (input * price.input + output * price.output) / 1e6;
}

const nothing = { requests: 0, unanswered: 0, tokens: { input: 0, output: 0 } };

/**
 * Holds a command, or a run over all its starts where it has a ledger, to a budget: before each request, what it may take
 * at most is set aside beside what was spent, and a request that might not fit is not made. So the budget stops before it is exceeded, and never after.
 */
export class Budget {
  #requests = 0;
  #cached = 0;
  #retries = 0;
  #unusable = { malformed: 0, refused: 0 };
  #input = 0;
  #output = 0;
  #aside = { input: 0, output: 0 };

  constructor(
    private readonly plan: EndpointPlan,
    private readonly ledger: Ledger | null,
  ) {}

  /**
   * Sets aside what a request may take at most.
   *
   * @returns frees it again; what the request used is spent
   * @throws UsedUp when the request might not fit
   */
  setAside(call: string, most: Tokens): (used: Tokens) => void {
    const { budget } = this.plan;
    const { requests, tokens } = this.spentInAll;
    const input = tokens.input + this.#aside.input + most.input;
    const output = tokens.output + this.#aside.output + most.output;
    this.#hold('requests', requests + 1, budget.requests, requests);
    this.#hold('tokens', input + output, budget.tokens, tokens.input + tokens.output);
    this.#hold('money', this.#money({ input, output }) ?? 0, budget.money, this.#money(tokens) ?? 0);
    this.#requests++;
    this.#aside = { input: this.#aside.input + most.input, output: this.#aside.output + most.output };
    const end = this.ledger?.begin(call, most);
    return (used) => {
      this.#aside = { input: this.#aside.input - most.input, output: this.#aside.output - most.output };
      this.#input += used.input;
      this.#output += used.output;
      end?.(used);
    };
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
      money: this.#money({ input: this.#input, output: this.#output }),
    };
  }

  get spentInAll(): SpentInAll {
    const { requests, unanswered, tokens } = this.ledger?.before ?? nothing;
    const sum = { input: tokens.input + this.#input, output: tokens.output + this.#output };
    return { requests: requests + this.#requests, unanswered, tokens: sum, money: this.#money(sum) };
  }

  #money(tokens: Tokens): number | null {
    return moneyOf(tokens, this.plan.price);
  }

  #hold(what: keyof EndpointPlan['budget'], would: number, limit: number | null, spent: number): void {
    if (limit === null || would <= limit) return;
    throw new UsedUp(
      `Expected the work to fit endpoint.budget.${what}, got ${spent} of ${limit} spent and a request that might not fit. ` +
        'Raise it and run again: what is done is kept.',
    );
  }
}
