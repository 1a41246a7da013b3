import type OpenAI from 'openai';
import type { EndpointPlan } from '../plan/endpoint.js';
import { Fault } from '../plan/fault.js';
import { answerByApi } from './batch-api.js';
import { BatchFiles, type BatchLine } from './batch-files.js';
import { Failure } from './failure.js';
import { failureOf, type Transport } from './transport.js';

// OpenAI's limits: 50,000 requests and 200 MB a file.
const mostLines = 50_000;
const mostBytes = 190e6;

interface Waiting {
  readonly line: BatchLine;
  readonly answer: Promise<unknown>;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Many requests in a file, by OpenAI's Batch API or by whoever runs such files (`batch: files`). What is asked is gathered
 * until nothing new comes for a second; what an earlier start had asked is not asked again but waited for.
 */
export class BatchTransport implements Transport {
  readonly paced = false;
  readonly #files: BatchFiles;
  #waiting = new Map<string, Waiting>();
  /** Batch and call of what was delivered: a failure is not delivered twice. */
  readonly #delivered = new Set<string>();
  #timer: NodeJS.Timeout | undefined;

  /** @param options.folder of requests and answers. @param options.quiet seconds. @param options.between looks at a batch, seconds */
  constructor(
    private readonly plan: EndpointPlan,
    private readonly client: OpenAI,
    private readonly options: { readonly folder: string; readonly quiet?: number; readonly between?: number },
  ) {
    this.#files = new BatchFiles(options.folder);
  }

  send(path: string, body: Readonly<Record<string, unknown>>, call: string): Promise<unknown> {
    const line = {
      custom_id: call,
      method: 'POST',
      url: `/v1${path}`,
      body: { model: this.plan.model, ...body },
    } as const;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#ask(), (this.options.quiet ?? 1) * 1000);
    const same = this.#waiting.get(call);
    if (same) return same.answer;
    let settle: Pick<Waiting, 'resolve' | 'reject'> = { resolve: () => {}, reject: () => {} };
    const answer = new Promise<unknown>((resolve, reject) => {
      settle = { resolve, reject };
    });
    this.#waiting.set(call, { line, answer, ...settle });
    return answer;
  }

  async #ask(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = new Map();
    try {
      const batches = [...(await this.#known(waiting)), ...this.#made(waiting)];
      await Promise.all(batches.map(([name, mine]) => this.#answered(name, mine)));
    } catch (error) {
      for (const { reject } of waiting.values()) reject(error);
    }
  }

  /** Takes what an earlier batch asks out of what waits. */
  async #known(waiting: Map<string, Waiting>): Promise<[string, Map<string, Waiting>][]> {
    const batches: [string, Map<string, Waiting>][] = [];
    for (const name of this.#files.names()) {
      const mine = new Map<string, Waiting>();
      for (const call of await this.#files.calls(name)) {
        const one = waiting.get(call);
        if (one === undefined || this.#delivered.has(`${name} ${call}`)) continue;
        mine.set(call, one);
        waiting.delete(call);
      }
      if (mine.size > 0) batches.push([name, mine]);
    }
    return batches;
  }

  /** Puts what waits into files, each for one path of the protocol. */
  #made(waiting: ReadonlyMap<string, Waiting>): [string, Map<string, Waiting>][] {
    const groups: { url: string; bytes: number; mine: Map<string, Waiting> }[] = [];
    for (const [call, one] of waiting) {
      const bytes = Buffer.byteLength(JSON.stringify(one.line)) + 1;
      let group = groups.findLast(({ url }) => url === one.line.url);
      if (!group || group.mine.size === mostLines || group.bytes + bytes > mostBytes) {
        group = { url: one.line.url, bytes: 0, mine: new Map() };
        groups.push(group);
      }
      group.bytes += bytes;
      group.mine.set(call, one);
    }
    return groups.map(({ mine }) => [this.#files.write(Array.from(mine.values(), ({ line }) => line)), mine]);
  }

  async #answered(name: string, mine: Map<string, Waiting>): Promise<void> {
    const left = new Map(mine);
    try {
      if (!this.#files.isAnswered(name)) await this.#haveAnswered(name);
      for await (const { call, outcome } of this.#files.outcomes(name)) {
        const one = left.get(call);
        if (one === undefined) continue;
        left.delete(call);
        this.#delivered.add(`${name} ${call}`);
        if (outcome instanceof Failure) one.reject(outcome);
        else one.resolve(outcome);
      }
      for (const [call, { reject }] of left) {
        this.#delivered.add(`${name} ${call}`);
        reject(new Failure('no answer in its batch', { what: 'again', paid: false }));
      }
    } catch (error) {
      for (const { reject } of left.values()) reject(error instanceof Fault ? error : failureOf(error));
    }
  }

  async #haveAnswered(name: string): Promise<void> {
    if (this.plan.batch === 'api') {
      await answerByApi(this.client, this.#files, name, this.options.between ?? 30);
      return;
    }
    const [requests, answers] = [this.#files.requests(name), this.#files.answers(name)];
    throw new Fault(
      `Expected the answers to ${requests} in ${answers}, got none yet. Have that file run, put what comes out there, ` +
        'and run again: what is done is kept.',
    );
  }
}
