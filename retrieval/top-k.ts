import { bestFirst } from './best-first.js';
import { compareIds, type Ranked } from './ranking.js';

/** Documents in the byte order of their ids, so that a tie of scores is settled by comparing two integers. */
export interface IdOrder {
  /** Each document's rank. */
  readonly ranks: Int32Array;
  /** The document of each rank. */
  readonly places: Int32Array;
}

export function idOrder(ids: readonly string[]): IdOrder {
  const places = Int32Array.from(ids.keys()).sort((a, b) => compareIds(ids[a]!, ids[b]!));
  const ranks = new Int32Array(ids.length);
  for (let rank = 0; rank < places.length; rank++) ranks[places[rank]!] = rank;
  return { ranks, places };
}

/** Documents by their places in the corpus, best first, with their scores. */
interface Best {
  readonly places: Int32Array;
  readonly scores: Float32Array;
}

/**
 * The best k of many scored documents by trec_eval's order (`compareRanked`), whatever order they are offered in.
 *
 * A document is one 64-bit key that ascends from best to worst: a turned score above, a turned rank below. Keys are
 * collected up to four times k, then cut to the best k (`bestFirst`); what is below the worst of these does not enter.
 * That is a few steps a key, where a heap takes a logarithm of k.
 */
export class TopK {
  readonly #capacity: number;
  readonly #order: IdOrder;
  readonly #keys: BigInt64Array<ArrayBuffer>;
  /** The keys' lower and upper halves, in turns: typed arrays are little-endian on all that Node runs on. */
  readonly #halves: Int32Array;
  #size = 0;
  /** Scores below it cannot enter. */
  #floor = Number.NEGATIVE_INFINITY;

  /** @param k how many to keep */
  constructor(k: number, order: IdOrder) {
    const documents = order.ranks.length;
    this.#capacity = Math.min(k, documents);
    this.#order = order;
    this.#keys = new BigInt64Array(Math.min(4 * k, documents));
    this.#halves = new Int32Array(this.#keys.buffer);
  }

  /**
   * Offers the document at `place` in the corpus, once. A score of -Infinity leaves it out.
   *
   * @throws Error when the score is not a number: the model that made it has diverged.
   */
  offer(place: number, score: number): void {
    const rounded = Math.fround(score);
    if (rounded < this.#floor || rounded === Number.NEGATIVE_INFINITY) return;
    if (Number.isNaN(rounded)) throw new Error(`the score of document ${place} is not a number`);
    if (this.#size === this.#keys.length) {
      this.#cut();
      if (rounded < this.#floor || this.#capacity === 0) return;
    }
    const at = 2 * this.#size++;
    this.#halves[at] = ~this.#order.ranks[place]! & 0x7fffffff;
    this.#halves[at + 1] = turned(rounded);
  }

  /** Offers documents `first`, `first + 1`, … with a block of scores. */
  offerBlock(scores: Float32Array, first: number): void {
    for (let i = 0; i < scores.length; i++) {
      if (!(scores[i]! < this.#floor)) this.offer(first + i, scores[i]!);
    }
  }

  /** What was kept; the collector is empty afterwards and can be used again. */
  drain(): Best {
    this.#cut();
    const size = this.#size;
    const best = { places: new Int32Array(size), scores: new Float32Array(size) };
    for (let i = 0; i < size; i++) {
      best.places[i] = this.#order.places[~this.#halves[2 * i]! & 0x7fffffff]!;
      best.scores[i] = scoreOf(this.#halves[2 * i + 1]!);
    }
    this.#size = 0;
    this.#floor = Number.NEGATIVE_INFINITY;
    return best;
  }

  /** As {@link drain}, with ids. */
  take(ids: readonly string[]): Ranked {
    const { places, scores } = this.drain();
    const ranked = new Array<Ranked[number]>(places.length);
    for (let i = 0; i < places.length; i++) ranked[i] = { id: ids[places[i]!]!, score: scores[i]! };
    return ranked;
  }

  #cut(): void {
    this.#size = bestFirst(this.#keys, this.#halves, this.#size, this.#capacity);
    if (this.#size > 0) this.#floor = scoreOf(this.#halves[2 * this.#size - 1]!);
  }
}

const float = new Float32Array(1);
const bits = new Int32Array(float.buffer);

/** An integer that falls as the score rises; alike for the two zeros. */
function turned(score: number): number {
  float[0] = score + 0;
  const number = bits[0]!;
  return ~(number ^ ((number >> 31) & 0x7fffffff));
}

function scoreOf(turned: number): number {
  const number = ~turned;
  bits[0] = number ^ ((number >> 31) & 0x7fffffff);
  return float[0]!;
}
