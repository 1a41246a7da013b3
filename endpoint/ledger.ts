import { z } from 'zod';
import type { Tokens } from './budget.js';
import { Journal } from './journal.js';

const tokens = z.strictObject({ input: z.number(), output: z.number() });

/** A line of `calls.jsonl`: a request before it is sent, with the most that it can take, or how it ended. */
const line = z.union([
  z.strictObject({ request: z.int(), call: z.string(), most: tokens }),
  z.strictObject({ request: z.int(), used: tokens }),
]);

/**
 * What a run asked over all its starts, each request written before it is sent and again when its answer is kept. So one
 * that was under way when the process was killed is known, and counts as much as it could take.
 */
export class Ledger {
  readonly #journal: Journal<z.output<typeof line>>;
  readonly #open = new Map<number, { readonly call: string; readonly most: Tokens }>();
  /** Of what earlier starts left open, the request of each call. */
  readonly #left: Map<string, number>;
  #requests = 0;
  readonly #used = { input: 0, output: 0 };

  /**
   * @param path `calls.jsonl` in the run's folder
   * @param resumes what was under way at a kill can be waited for: begun again, it counts once
   * @throws Fault as {@link Journal}
   */
  constructor(
    path: string,
    private readonly resumes: boolean,
  ) {
    this.#journal = new Journal(path, {
      schema: line,
      keyOf: (one) => `${one.request}${'used' in one ? ' ended' : ''}`,
      onRecord: (one) => this.#count(one),
    });
    this.#left = new Map(Array.from(this.#open, ([request, { call }]) => [call, request]));
    this.#before = { requests: this.#requests, unanswered: this.#open.size, tokens: this.#sum() };
  }

  #before: { readonly requests: number; readonly unanswered: number; readonly tokens: Tokens };

  /** Of earlier starts. `unanswered` were under way when a start was killed, and may have been paid. */
  get before() {
    return this.#before;
  }

  /** Notes a request that is about to be sent. @returns notes its end */
  begin(call: string, most: Tokens): (used: Tokens) => void {
    const left = this.resumes ? this.#left.get(call) : undefined;
    if (left !== undefined) this.#takeUp(call, left);
    const request = this.#requests;
    this.#note({ request, call, most });
    return (used) => this.#note({ request, used });
  }

  close(): void {
    this.#journal.close();
  }

  /** An earlier start's request counts as this one from now on. */
  #takeUp(call: string, request: number): void {
    const { requests, unanswered, tokens } = this.#before;
    const { most } = this.#open.get(request) ?? { most: { input: 0, output: 0 } };
    const rest = { input: tokens.input - most.input, output: tokens.output - most.output };
    this.#before = { requests: requests - 1, unanswered: unanswered - 1, tokens: rest };
    this.#left.delete(call);
    this.#note({ request, used: { input: 0, output: 0 } });
  }

  #note(one: z.output<typeof line>): void {
    this.#journal.add(one);
    this.#count(one);
  }

  #count(one: z.output<typeof line>): void {
    if ('most' in one) {
      this.#requests++;
      this.#open.set(one.request, { call: one.call, most: one.most });
      return;
    }
    this.#open.delete(one.request);
    this.#used.input += one.used.input;
    this.#used.output += one.used.output;
  }

  #sum(): Tokens {
    const open = [...this.#open.values()];
    return {
      input: open.reduce((sum, { most }) => sum + most.input, this.#used.input),
      output: open.reduce((sum, { most }) => sum + most.output, this.#used.output),
    };
  }
}
