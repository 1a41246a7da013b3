import { Fault } from '../plan/fault.js';
import { hash32, permute } from './permutation.js';

/** One example of a batch: pair `pair` of source `source`, met in that source's pass number `epoch`. */
export interface Pick {
  readonly source: number;
  readonly pair: number;
  readonly epoch: number;
}

interface Part {
  readonly name: string;
  readonly weight: number;
  readonly pairs: { readonly length: number };
}

/**
 * A weighted mixture of sources. Example i of step s is a function of (sources, seed, s, i) alone: there is no state to
 * save, and going on at any step costs nothing (the idea is levanter's block-deterministic mixture).
 *
 * Slots (steps where a batch comes from one source, else examples) are cut into blocks; in each block every source has
 * its share of slots, in an order drawn anew for each block. A source's own pairs are met in a new shuffle each pass.
 */
export class Mixture {
  readonly #parts: readonly Part[];
  readonly #seed: number;
  readonly #batchSize: number;
  readonly #sameSource: boolean;
  /** starts[k] to starts[k + 1]: source k's slots of a block, before the block's own order. */
  readonly #starts: number[];

  constructor(parts: readonly Part[], options: { seed: number; batchSize: number; batches: 'same-source' | 'mixed' }) {
    this.#parts = parts;
    this.#seed = options.seed;
    this.#batchSize = options.batchSize;
    this.#sameSource = options.batches === 'same-source';
    this.#starts = [0];
    for (const slots of slotsOf(parts.map(({ weight }) => weight))) this.#starts.push(this.#starts.at(-1)! + slots);
    this.#checkBatchSize();
  }

  /** Pairs in all sources: what one epoch passes. */
  get size(): number {
    return this.#parts.reduce((sum, { pairs }) => sum + pairs.length, 0);
  }

  /** The examples of a step (from 0). */
  batch(step: number): Pick[] {
    return Array.from({ length: this.#batchSize }, (_, i) => this.#example(step, i));
  }

  #example(step: number, i: number): Pick {
    const slot = this.#sameSource ? step : step * this.#batchSize + i;
    const { source, turn } = this.#turnOf(slot);
    const draw = this.#sameSource ? turn * this.#batchSize + i : turn;
    const size = (this.#parts[source] as Part).pairs.length;
    const epoch = Math.floor(draw / size);
    return { source, epoch, pair: permute(draw % size, size, hash32(this.#seed, source, epoch)) };
  }

  /** Which source a slot belongs to, and how many slots that source had before it. */
  #turnOf(slot: number): { source: number; turn: number } {
    const length = this.#starts.at(-1) as number;
    const block = Math.floor(slot / length);
    const key = hash32(this.#seed, 0x6d6978, block);
    const sourceAt = (place: number): number => {
      const order = permute(place, length, key);
      return this.#starts.findLastIndex((start) => start <= order);
    };
    const source = sourceAt(slot % length);
    let turn = block * (this.#starts[source + 1]! - this.#starts[source]!);
    for (let place = 0; place < slot % length; place++) if (sourceAt(place) === source) turn++;
    return { source, turn };
  }

  #checkBatchSize(): void {
    const small = this.#parts.find(({ pairs }) => pairs.length < this.#batchSize);
    if (this.#sameSource && small) {
      throw new Fault(
        `Expected at least ${this.#batchSize} pairs in source ${small.name} for train.batch_size, got ${small.pairs.length}. ` +
          'Lower train.batch_size, or set data.batches: mixed.',
      );
    }
    if (this.size < this.#batchSize) {
      throw new Fault(
        `Expected at least ${this.#batchSize} pairs for train.batch_size, got ${this.size}. Lower train.batch_size.`,
      );
    }
  }
}

/** Slots of each source in a block: the shortest block whose shares are within half a percent of the weights. */
function slotsOf(weights: readonly number[]): number[] {
  const total = weights.reduce((a, b) => a + b, 0);
  for (const length of [1, 2, 3, 4, 5, 10, 20, 50, 100, 200, 500]) {
    const slots = weights.map((weight) => Math.round((weight / total) * length));
    const close = slots.every((n, k) => n > 0 && Math.abs(n / length - weights[k]! / total) <= 0.005);
    if (close && slots.reduce((a, b) => a + b, 0) === length) return slots;
  }
  return weights.map((weight) => Math.max(1, Math.round((weight / total) * 1000)));
}
