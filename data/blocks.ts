import { hash32, permute } from './permutation.js';

/** Whose a slot is, and how many slots that part had before it. */
interface Turn {
  readonly part: number;
  readonly turn: number;
}

/**
 * Slots dealt out in blocks: in each block every part has its own number of slots, in an order drawn anew for each block.
 * Whose slot j is follows from j alone.
 */
export class Blocks {
  readonly length: number;
  readonly #starts: number[] = [0];
  readonly #key: readonly number[];
  #laid: { readonly block: number; readonly parts: Uint16Array; readonly turns: Uint32Array } | null = null;

  /** @param slots of each part in a block; at least one above 0 */
  constructor(
    readonly slots: readonly number[],
    ...key: readonly number[]
  ) {
    for (const n of slots) this.#starts.push(this.#starts.at(-1)! + n);
    this.length = this.#starts.at(-1)!;
    this.#key = key;
  }

  turnOf(slot: number): Turn {
    const block = Math.floor(slot / this.length);
    const { parts, turns } = this.#lay(block);
    const part = parts[slot % this.length]!;
    return { part, turn: block * this.slots[part]! + turns[slot % this.length]! };
  }

  /** How many of the first `slots` slots each part has. */
  countBefore(slots: number): number[] {
    const block = Math.floor(slots / this.length);
    const counts = this.slots.map((n) => n * block);
    const { parts } = this.#lay(block);
    for (let place = 0; place < slots % this.length; place++) counts[parts[place]!]!++;
    return counts;
  }

  #lay(block: number) {
    if (this.#laid?.block === block) return this.#laid;
    const parts = new Uint16Array(this.length);
    const turns = new Uint32Array(this.length);
    const taken = this.slots.map(() => 0);
    const key = hash32(...this.#key, block);
    for (let place = 0; place < this.length; place++) {
      const order = permute(place, this.length, key);
      const part = this.#starts.findLastIndex((start) => start <= order);
      parts[place] = part;
      turns[place] = taken[part]!++;
    }
    this.#laid = { block, parts, turns };
    return this.#laid;
  }
}

/** Slots of each part in a block: the shortest block whose shares are within half a percent of the weights. */
export function slotsOf(weights: readonly number[]): number[] {
  const total = weights.reduce((a, b) => a + b, 0);
  for (const length of [...Array.from({ length: 20 }, (_, i) => i + 1), 25, 40, 50, 100, 200, 500]) {
    const slots = weights.map((weight) => Math.round((weight / total) * length));
    const close = slots.every(
      (n, k) => n > 0 === weights[k]! > 0 && Math.abs(n / length - weights[k]! / total) <= 0.005,
    );
    if (close && slots.reduce((a, b) => a + b, 0) === length) return slots;
  }
  return weights.map((weight) => (weight > 0 ? Math.max(1, Math.round((weight / total) * 1000)) : 0));
}
