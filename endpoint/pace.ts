import PQueue from 'p-queue';
import type { EndpointPlan } from '../plan/endpoint.js';

/**
 * How many requests are under way at once, and how many begin in a minute. Where the server wants fewer, the number is
 * halved and nothing begins for as long as it says; each answer then adds a part of one, so that a round of answers adds
 * one (additive increase, multiplicative decrease: Chiu and Jain 1989, as in TCP).
 */
export class Pace {
  readonly #queue: PQueue;
  readonly #most: number;
  #share: number;
  #slowed = 0;
  #resume = 0;
  /** How many requests were answered. */
  answered = 0;

  constructor({ concurrency, requests_per_minute: perMinute }: EndpointPlan, paced: boolean) {
    this.#most = paced ? concurrency : Number.POSITIVE_INFINITY;
    this.#share = this.#most;
    this.#queue = new PQueue({
      concurrency: this.#most,
      ...(perMinute === null || !paced
        ? {}
        : { interval: 60_000 / perMinute, intervalCap: 1, carryoverIntervalCount: true }),
    });
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
