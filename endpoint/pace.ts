import { setFlagsFromString } from 'node:v8';
import PQueue from 'p-queue';
import type { EndpointPlan } from '../plan/endpoint.js';

// From so many on, what requests leave behind outweighs what is in use (bench/endpoint.mjs), while V8, which goes by the
// machine's memory, sees no need to take it away: 379 MiB at 256 in flight, of which 50 to 100 were in use.
const manyAtOnce = 64;

/**
 * How many requests are under way at once, and how many begin in a minute. Where the server wants fewer, the number is
 * halved and nothing begins for as long as it says; each answer then adds a part of one, so that a round of answers adds
 * one (additive increase, multiplicative decrease: Chiu and Jain 1989, as in TCP).
 */
export class Pace {
  readonly #queue: PQueue;
  readonly #door: PQueue;
  readonly #most: number;
  #share: number;
  #slowed = 0;
  #resume = 0;
  /** How many requests were answered. */
  answered = 0;

  constructor({ concurrency, requests_per_minute: perMinute }: EndpointPlan, paced: boolean) {
    this.#most = paced ? concurrency : Number.POSITIVE_INFINITY;
    this.#share = this.#most;
    if (concurrency > manyAtOnce) setFlagsFromString('--heap-growing-percent=30');
    this.#door = new PQueue({ concurrency: this.#most });
    this.#queue = new PQueue({
      concurrency: this.#most,
      ...(perMinute === null || !paced
        ? {}
        : { interval: 60_000 / perMinute, intervalCap: 1, carryoverIntervalCount: true }),
    });
  }

  /**
   * Prepares a request as soon as there is room: thousands that wait for it need not all be in memory as what is sent.
   */
  admit<T>(work: () => Promise<T>): Promise<T> {
    return this.#door.add(work);
  }

  /** How many may be under way now. */
  get concurrency(): number {
    return this.#queue.concurrency;
  }

  /** Works as soon as there is room; before what waits, if it waited before. */
  run<T>(work: () => Promise<T>, before: boolean): Promise<T> {
    return this.#queue.add(work, { priority: before ? 1 : 0 });
  }

  wentWell(): void {
    this.answered++;
    if (this.#share === this.#most) return;
    this.#share = Math.min(this.#most, this.#share + 1 / this.#share);
    this.#queue.concurrency = Math.floor(this.#share);
  }

  /**
   * The server wants fewer.
   *
   * @param begun when that request began, by `performance.now()`: of all that were under way together, one slows down
   */
  tooMany(begun: number, seconds: number): void {
    const now = performance.now();
    if (begun >= this.#slowed && this.#share > 1) {
      this.#slowed = now;
      this.#share = Math.max(1, this.#share / 2);
      this.#queue.concurrency = Math.floor(this.#share);
    }
    const rests = this.#resume > 0;
    this.#resume = Math.max(this.#resume, now + seconds * 1000);
    if (rests) return;
    this.#queue.pause();
    this.#rest();
  }

  #rest(): void {
    setTimeout(() => {
      // A timer may come a fraction of a millisecond early.
      if (performance.now() + 1 < this.#resume) return this.#rest();
      this.#resume = 0;
      this.#queue.start();
    }, this.#resume - performance.now());
  }
}
