/** Documents for one query, best first. */
export type Ranked = readonly { readonly id: string; readonly score: number }[];

/** What a retriever found: query id → its documents, best first. */
export type Run = ReadonlyMap<string, Ranked>;

/** Judgements: query id → document id → grade (above 0 is relevant). */
export type Qrels = ReadonlyMap<string, ReadonlyMap<string, number>>;

/** `strcmp` of two ids' UTF-8 bytes: negative, zero or positive. */
export function compareIds(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return codePointOrder(x) - codePointOrder(y);
  }
  return a.length - b.length;
}

/** UTF-16 puts surrogates (U+10000 and up) before U+E000..U+FFFF, UTF-8 after: swap the two. */
function codePointOrder(unit: number): number {
  return unit < 0xd800 ? unit : unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}

/** trec_eval's order: score descending as float32, ties by document id descending. */
export function compareRanked(a: Ranked[number], b: Ranked[number]): number {
  return Math.fround(b.score) - Math.fround(a.score) || compareIds(b.id, a.id);
}

/** Each document's place among all ids in byte order, so that a tie of scores is settled by comparing two integers. */
export function idRanks(ids: readonly string[]): Int32Array {
  const order = Int32Array.from(ids.keys()).sort((a, b) => compareIds(ids[a]!, ids[b]!));
  const ranks = new Int32Array(ids.length);
  for (let place = 0; place < order.length; place++) ranks[order[place]!] = place;
  return ranks;
}

/**
 * The best k of many scored documents by trec_eval's order ({@link compareRanked}), whatever order they are offered in.
 * A binary heap with the worst kept document at its root: one comparison for a document that does not make it.
 */
export class TopK {
  readonly #capacity: number;
  readonly #ranks: Int32Array;
  readonly #indexes: Int32Array;
  readonly #scores: Float32Array;
  #size = 0;
  /** Scores below it cannot enter. */
  #floor = Number.NEGATIVE_INFINITY;

  /**
   * @param k how many to keep
   * @param ranks {@link idRanks} of the whole corpus
   */
  constructor(k: number, ranks: Int32Array) {
    this.#capacity = Math.min(k, ranks.length);
    this.#ranks = ranks;
    this.#indexes = new Int32Array(this.#capacity);
    this.#scores = new Float32Array(this.#capacity);
  }

  /**
   * Offers document `index` (its place in the corpus), once. A score of -Infinity leaves it out.
   *
   * @throws Error when the score is not a number: the model that made it has diverged.
   */
  offer(index: number, score: number): void {
    const rounded = Math.fround(score);
    if (rounded < this.#floor || rounded === Number.NEGATIVE_INFINITY) return;
    if (Number.isNaN(rounded)) throw new Error(`the score of document ${index} is not a number`);
    if (this.#size < this.#capacity) {
      this.#rise(this.#size++, index, rounded);
    } else if (this.#capacity > 0 && this.#worse(0, index, rounded)) {
      this.#sink(0, index, rounded);
    }
    if (this.#size === this.#capacity && this.#size > 0) this.#floor = this.#scores[0]!;
  }

  /** Offers documents `first`, `first + 1`, … with a block of scores. */
  offerBlock(scores: Float32Array, first: number): void {
    for (let i = 0; i < scores.length; i++) {
      if (!(scores[i]! < this.#floor)) this.offer(first + i, scores[i]!);
    }
  }

  /** What was kept, best first, with ids; the collector is empty afterwards and can be used again. */
  take(ids: readonly string[]): Ranked {
    const ranked = new Array<{ id: string; score: number }>(this.#size);
    while (this.#size > 0) {
      const score = this.#scores[0]!;
      const id = ids[this.#indexes[0]!]!;
      const last = --this.#size;
      ranked[last] = { id, score };
      if (last > 0) this.#sink(0, this.#indexes[last]!, this.#scores[last]!);
    }
    this.#floor = Number.NEGATIVE_INFINITY;
    return ranked;
  }

  /** Whether the document in `slot` ranks below the given one. */
  #worse(slot: number, index: number, score: number): boolean {
    const held = this.#scores[slot]!;
    return held < score || (held === score && this.#ranks[this.#indexes[slot]!]! < this.#ranks[index]!);
  }

  #put(slot: number, index: number, score: number): void {
    this.#indexes[slot] = index;
    this.#scores[slot] = score;
  }

  #rise(from: number, index: number, score: number): void {
    let slot = from;
    while (slot > 0) {
      const parent = (slot - 1) >> 1;
      if (this.#worse(parent, index, score)) break;
      this.#put(slot, this.#indexes[parent]!, this.#scores[parent]!);
      slot = parent;
    }
    this.#put(slot, index, score);
  }

  #sink(from: number, index: number, score: number): void {
    let slot = from;
    for (let child = 2 * slot + 1; child < this.#size; child = 2 * slot + 1) {
      const right = child + 1;
      if (right < this.#size && this.#worse(right, this.#indexes[child]!, this.#scores[child]!)) child = right;
      if (!this.#worse(child, index, score)) break;
      this.#put(slot, this.#indexes[child]!, this.#scores[child]!);
      slot = child;
    }
    this.#put(slot, index, score);
  }
}
