import { Fault } from '../plan/fault.js';

/** What can be wrong with one record of a source. */
export type FaultKind =
  | 'not UTF-8'
  | 'not JSON'
  | 'line too long'
  | 'missing column'
  | 'wrong type'
  | 'empty text'
  | 'half a character'
  | 'repeated id'
  | 'unknown id'
  | 'no positive'
  | 'query equals its positive'
  | 'negative equals a positive';

interface Counted {
  readonly count: number;
  /** The first one's message. */
  readonly first: string;
}

/**
 * What a source does with a record that it cannot use: `stop` at the first, or `skip` it and count it by kind. Nothing is
 * left out without being counted here.
 */
export class FaultLog {
  readonly #counted = new Map<FaultKind, Counted>();

  constructor(readonly policy: 'stop' | 'skip') {}

  /**
   * Reports a fault; the caller leaves the record out.
   * @throws Fault with the message, where the policy is to stop
   */
  report(kind: FaultKind, message: string): void {
    if (this.policy === 'stop') throw new Fault(message);
    const known = this.#counted.get(kind);
    this.#counted.set(kind, { count: (known?.count ?? 0) + 1, first: known?.first ?? message });
  }

  /** Kind → how many, and the first one's message. */
  get counted(): ReadonlyMap<FaultKind, Counted> {
    return this.#counted;
  }

  /** One line for each kind: `vl: 12 × empty text left out; the first: Expected …`. */
  lines(source: string): string[] {
    return Array.from(
      this.#counted,
      ([kind, { count, first }]) => `${source}: ${count.toLocaleString('en')} × ${kind} left out; the first: ${first}`,
    );
  }
}
