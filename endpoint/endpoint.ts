import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { z } from 'zod';
import type { EndpointPlan } from '../plan/endpoint.js';
import { cacheFolder } from '../plan/places.js';
import { Answers, idOf } from './answers.js';
import { BatchTransport } from './batch.js';
import { Budget, type Spent, type SpentInAll, type Tokens } from './budget.js';
import { excerpt, Failure } from './failure.js';
import { Ledger } from './ledger.js';
import { Pace } from './pace.js';
import { Patience, Refused, type Tried } from './patience.js';
import { directTransport, openClient, type Transport } from './transport.js';

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
  /** Where the server will not have it, that is a matter of this request alone: {@link Refused}, and others go on. */
  readonly refusable?: boolean;
}

/**
 * A model behind OpenAI's protocol: concurrent up to a limit and a rate, patient with a server that is busy, within a
 * budget. {@link Answers} are kept by whoever asks: ./chat.ts, ./embeddings.ts.
 */
export class Endpoint {
  readonly plan: EndpointPlan;
  /** What was answered before, on disk. */
  readonly answers: Answers;
  readonly pace: Pace;
  readonly #ledger: Ledger | null;
  readonly #budget: Budget;
  readonly #transport: Transport;
  readonly #patience: Patience;
  readonly #underway = new Map<string, Promise<unknown>>();
  /** The first fault: nothing is asked after it. */
  #fault: unknown;

  /**
   * @param options.run a run's folder: `calls.jsonl` there has its requests over all starts, and the budget is for them all
   * @param options.at where the server is, if not at the plan's url: answers are kept under the plan's all the same
   * @param options.pause seconds to wait after failed attempt 0, 1, …, where the server does not say
   */
  constructor(
    plan: EndpointPlan,
    {
      folder = cacheFolder('answers'),
      answers = new Answers(folder),
      run,
      at = plan.url,
      transport = transportOf(plan, at, run === undefined ? cacheFolder('batches') : join(run, 'batches')),
      // Not all in the same moment.
      pause = (attempt) => Math.min(60, 2 ** attempt) * (0.5 + Math.random()),
    }: {
      readonly folder?: string;
      readonly answers?: Answers;
      readonly run?: string;
      readonly at?: string;
      readonly transport?: Transport;
      readonly pause?: (attempt: number) => number;
    } = {},
  ) {
    this.plan = plan;
    this.answers = answers;
    this.#transport = transport;
    this.pace = new Pace(plan, transport.paced);
    this.#ledger = run === undefined ? null : new Ledger(join(run, 'calls.jsonl'), !transport.paced);
    this.#budget = new Budget(plan, this.#ledger);
    this.#patience = new Patience(plan, this.pace, pause);
  }

  get spent(): Spent {
    return this.#budget.spent;
  }

  /** By the run over all its starts, where it has a folder; else as {@link spent}. */
  get spentInAll(): SpentInAll {
    return this.#budget.spentInAll;
  }

  /** Ends the writing of the run's folder. */
  close(): void {
    this.#ledger?.close();
  }

  countCached(): void {
    this.#budget.countCached();
  }

  countUnusable(why: 'malformed' | 'refused'): void {
    this.#budget.countUnusable(why);
  }

  /**
   * Finds what was answered to this before, or asks; who asks the same meanwhile waits for the one answer.
   *
   * @param asked names the request: its hash is the call
   * @throws Fault as {@link post}
   */
  async answer<T extends z.ZodType>(
    asked: unknown,
    request: Request<T>,
  ): Promise<{ answer: z.output<T>; call: string }> {
    const call = idOf(asked);
    const underway = this.#underway.get(call);
    const known = request.answer.safeParse(underway ? await underway : this.answers.find(call));
    if (known.success) {
      this.countCached();
      return { answer: known.data, call };
    }
    const asking = this.post(request, (answer) => this.answers.keep(call, asked, answer), call);
    this.#underway.set(call, asking);
    try {
      return { answer: await asking, call };
    } finally {
      this.#underway.delete(call);
    }
  }

  /**
   * Asks as soon as concurrency and rate allow it, and keeps the answer by `keep` before it counts as answered.
   *
   * @throws Refused what the server will not have, which stops nothing else
   * @throws Fault a budget that is used up, a server that refuses all, or one that fails again and again
   */
  async post<T extends z.ZodType>(
    request: Request<T>,
    keep: (answer: z.output<T>) => void,
    call: string = idOf({ url: this.plan.url, model: this.plan.model, ...request.body }),
  ): Promise<z.output<T>> {
    const tried = { failed: 0, answered: 0 };
    for (let waited = false; ; waited = true) {
      const end = await this.pace.run(() => this.#patiently(request, keep, call, tried), waited);
      if (end !== busy) return end;
    }
  }

  async #patiently<T extends z.ZodType>(
    request: Request<T>,
    keep: (answer: z.output<T>) => void,
    call: string,
    tried: Tried,
  ): Promise<z.output<T> | typeof busy> {
    for (;;) {
      if (this.#fault !== undefined) throw this.#fault;
      const begun = performance.now();
      try {
        return await this.#once(request, keep, call);
      } catch (error) {
        const next = error instanceof Failure ? this.#patience.after(error, request, call, tried) : error;
        if (typeof next !== 'number') {
          if (!(next instanceof Refused)) this.#fault ??= next;
          throw next;
        }
        this.#budget.countRetry();
        if (error instanceof Failure && error.kind.what === 'busy') {
          this.pace.tooMany(begun, next);
          return busy;
        }
        await wait(next * 1000);
      }
    }
  }

  /** One request. @throws Failure, or Fault where the budget does not hold it */
  async #once<T extends z.ZodType>(
    { path, body, answer: schema, most, used: usage }: Request<T>,
    keep: (answer: z.output<T>) => void,
    call: string,
  ): Promise<z.output<T>> {
    const settle = this.#budget.setAside(call, most);
    // What may have been paid counts as paid.
    let used = most;
    try {
      const said = await this.#transport.send(path, body, call);
      const answer = schema.safeParse(said);
      if (!answer.success) {
        throw new Failure(`an answer of another form: ${excerpt(JSON.stringify(said))}`, { what: 'again', paid: true });
      }
      used = usage(answer.data) ?? most;
      keep(answer.data);
      this.pace.wentWell();
      return answer.data;
    } catch (error) {
      if (error instanceof Failure && !error.kind.paid) used = { input: 0, output: 0 };
      throw error;
    } finally {
      settle(used);
    }
  }
}

function transportOf(plan: EndpointPlan, at: string, folder: string): Transport {
  const client = openClient(plan, at);
  return plan.batch === undefined ? directTransport(plan, client) : new BatchTransport(plan, client, { folder });
}

const busy = Symbol('the server wants fewer requests');
