import type { EndpointPlan } from '../plan/endpoint.js';
import { Fault } from '../plan/fault.js';
import type { Failure } from './failure.js';
import type { Pace } from './pace.js';

/** A request that the server takes exception to: a text too long for its model, or one it will not have. */
export class Refused extends Fault {
  constructor(
    message: string,
    readonly call: string,
  ) {
    super(message);
  }
}

/** What a request went through so far. */
export interface Tried {
  /** Attempts that failed, since the server last answered others. */
  failed: number;
  /** How many requests were answered when it last failed. */
  answered: number;
}

// Longer than this no command waits for a server: a day's quota is used up.
const longestRest = 600;
// Requests that are refused one after the other, before any was answered: the plan is wrong, not the texts.
const refusedInARow = 20;

/** How long a server that fails is borne with. */
export class Patience {
  #refusals = 0;

  /** @param pause seconds to wait after failed attempt 0, 1, …, where the server does not say */
  constructor(
    private readonly plan: EndpointPlan,
    private readonly pace: Pace,
    private readonly pause: (attempt: number) => number,
  ) {}

  /** How many seconds to wait after a failure, or what to throw. */
  after(
    { message: got, kind }: Failure,
    { path, refusable = false }: { readonly path: string; readonly refusable?: boolean },
    call: string,
    tried: Tried,
  ): number | Fault {
    const expected = `Expected an answer from ${this.plan.url.replace(/\/+$/, '')}${path}, got ${got}`;
    if (kind.what === 'refused' || kind.what === 'stop') {
      const fault = `${expected}. ${this.#advice(got)}`;
      const alone = refusable && kind.what === 'refused';
      const never = this.pace.answered === 0 && ++this.#refusals >= refusedInARow;
      return alone && !never ? new Refused(fault, call) : new Fault(fault);
    }
    // A server that is busy with other requests of ours has not failed this one.
    if (kind.what === 'busy' && this.pace.answered > tried.answered) tried.failed = 0;
    tried.answered = this.pace.answered;
    const later = 'run again: what is done is kept.';
    if (tried.failed === this.plan.retries) {
      return new Fault(`${expected} (${tried.failed + 1} times). See to the server and ${later}`);
    }
    if ((kind.seconds ?? 0) > longestRest) {
      return new Fault(`${expected}, to be asked again in ${Math.ceil(kind.seconds ?? 0)} s. Then ${later}`);
    }
    return kind.seconds ?? this.pause(tried.failed++);
  }

  #advice(got: string): string {
    if (got.includes('response_format')) return 'Set endpoint.response_format to json_object or text.';
    const [, unsupported] = /Unsupported \w+: '(max_tokens|temperature)'/.exec(got) ?? [];
    if (unsupported === 'max_tokens') return 'Set endpoint.length_limit to max_completion_tokens.';
    if (unsupported === 'temperature') return 'Set endpoint.send_temperature to false.';
    return `Check url, model and ${this.plan.key_variable}.`;
  }
}
