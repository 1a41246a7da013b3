import type { Ranked } from './ranking.js';
import { type IdOrder, TopK } from './top-k.js';

/** Into as many parts is the range from 0 to the best score cut. */
const parts = 1 << 11;
/** Longer parts, which are mostly ties, are left to {@link TopK}. */
const short = 48;

/**
 * The best k of a corpus by trec_eval's order, where every document has a score and those that match nothing have 0.
 *
 * A bucket sort that leaves out the buckets behind. With all scores side by side it needs neither the keys nor the cuts
 * of {@link TopK}. Each step is a loop in a function of its own, as such are compiled sooner: a few hundred queries are
 * over before a long function is.
 */
export class TopPositive {
  readonly #order: IdOrder;
  // Scratch memory: each document's score as float32, and the best documents, the best part first.
  readonly #scores: Float32Array;
  readonly #best: Int32Array;
  /** Where each part of `#best` starts, and, once that is filled, ends. */
  readonly #ends = new Int32Array(parts + 1);

  constructor(order: IdOrder) {
    this.#order = order;
    this.#scores = new Float32Array(order.ranks.length);
    this.#best = new Int32Array(order.ranks.length);
  }

  /** What its arrays take in memory. */
  get bytes(): number {
    return this.#scores.byteLength + this.#best.byteLength + this.#ends.byteLength;
  }

  /** @param exact each document's score, 0 or more */
  take(exact: Float64Array, k: number, ids: readonly string[]): Ranked {
    const scores = this.#scores;
    scores.set(exact);
    const most = largest(scores);
    if (most === 0) return [];
    const scale = parts / most;
    countParts(scores, scale, this.#ends);
    const end = startParts(this.#ends, k);
    const wanted = Math.min(k, scatter(scores, scale, this.#ends, end, this.#best));
    for (let part = 0, from = 0; from < wanted; part++) {
      const to = this.#ends[part]!;
      if (to - from > short) this.#sortTies(from, to);
      else if (to - from > 1) insertionSort(this.#best, from, to, scores, this.#order.ranks);
      from = to;
    }
    return named(this.#best, wanted, scores, ids);
  }

  #sortTies(from: number, to: number): void {
    const top = new TopK(to - from, this.#order);
    for (let at = from; at < to; at++) top.offer(this.#best[at]!, this.#scores[this.#best[at]!]!);
    this.#best.set(top.drain().places, from);
  }
}

function largest(scores: Float32Array): number {
  let largest = 0;
  for (let place = 0; place < scores.length; place++) if (scores[place]! > largest) largest = scores[place]!;
  return largest;
}

/** The best scores are in the first part; those of 0, and what rounds down to it, in one more than there are. */
function countParts(scores: Float32Array, scale: number, counts: Int32Array): void {
  counts.fill(0);
  for (let place = 0; place < scores.length; place++) counts[parts - ((scores[place]! * scale) | 0)]!++;
}

/** Turns counts into starts, and says how many parts hold k documents. */
function startParts(counts: Int32Array, k: number): number {
  let [part, sum] = [0, 0];
  while (sum < k && part <= parts) {
    const count = counts[part]!;
    counts[part++] = sum;
    sum += count;
  }
  return part;
}

/** Writes the documents of the first `end` parts, moving each part's start to its end; says how many there are. */
function scatter(scores: Float32Array, scale: number, ends: Int32Array, end: number, best: Int32Array): number {
  const lowest = parts - end + 1;
  let held = 0;
  for (let place = 0; place < scores.length; place++) {
    const scaled = scores[place]! * scale;
    if (scaled >= lowest && scaled > 0) {
      best[ends[parts - (scaled | 0)]!++] = place;
      held++;
    }
  }
  return held;
}

function insertionSort(best: Int32Array, from: number, to: number, scores: Float32Array, ranks: Int32Array): void {
  for (let next = from + 1; next < to; next++) {
    const place = best[next]!;
    const score = scores[place]!;
    let at = next;
    for (; at > from; at--) {
      const before = best[at - 1]!;
      const its = scores[before]!;
      if (its > score || (its === score && ranks[before]! > ranks[place]!)) break;
      best[at] = before;
    }
    best[at] = place;
  }
}

function named(places: Int32Array, size: number, scores: Float32Array, ids: readonly string[]): Ranked {
  const ranked = new Array<Ranked[number]>(size);
  for (let i = 0; i < size; i++) {
    const place = places[i]!;
    ranked[i] = { id: ids[place]!, score: scores[place]! };
  }
  return ranked;
}
