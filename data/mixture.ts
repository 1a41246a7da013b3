import { Fault } from '../plan/fault.js';
import { Blocks, slotsOf } from './blocks.js';
import { hash32, permute } from './permutation.js';

/** One example of a batch: pair `pair` of part `part`, met in that part's pass number `epoch`. */
export interface Pick {
  readonly part: number;
  readonly pair: number;
  readonly epoch: number;
}

/** What is mixed: a source, or a band of one. */
export interface Part {
  readonly name: string;
  /** The source's own name, which differs for a band. */
  readonly source: string;
  readonly weight: number;
  readonly count?: number | undefined;
  readonly pairs: { readonly length: number };
}

export interface MixtureOptions {
  readonly seed: number;
  readonly batchSize: number;
  readonly batches: 'same-source' | 'mixed';
  readonly temperature?: number | undefined;
  readonly curriculum?: Curriculum | undefined;
}

interface Curriculum {
  readonly stages: readonly { readonly from: string; readonly weights: Readonly<Record<string, number>> }[];
  /** Steps of the whole run, given pairs in one epoch: what the stages' shares are shares of. */
  readonly steps: (epoch: number) => number;
}

/** A batch before its examples are dealt out: number `turn` of its part, or of all (mixed). */
export interface Turn {
  /** −1 for a mixed batch. */
  readonly part: number;
  readonly turn: number;
}

/**
 * A weighted mixture of parts. Example i of step s is a function of (parts, seed, s, i) alone: there is no state to
 * save, and going on at any step costs nothing (the idea is levanter's block-deterministic mixture).
 *
 * Slots are steps where a batch comes from one source, else examples; {@link Blocks} says whose each is. A part's own
 * pairs are met in a new shuffle each pass. A curriculum changes the blocks at its stages and nothing else.
 */
export class Mixture {
  readonly #parts: readonly Part[];
  readonly #seed: number;
  readonly #batchSize: number;
  readonly #sameSource: boolean;
  readonly #stages: readonly { readonly from: number; readonly blocks: Blocks; readonly before: readonly number[] }[];

  constructor(parts: readonly Part[], options: MixtureOptions) {
    this.#parts = parts;
    this.#seed = options.seed;
    this.#batchSize = options.batchSize;
    this.#sameSource = options.batches === 'same-source';
    this.#stages = this.#stagesOf(options);
    this.#checkBatchSize();
  }

  /** Pairs that one epoch passes: those in all parts, or the sum of their counts. */
  get size(): number {
    return this.#parts.reduce((sum, { pairs, count }) => sum + (count ?? pairs.length), 0);
  }

  /** Which batch of which part a step (from 0) takes. */
  turnOf(step: number): Turn {
    return this.#sameSource ? this.#slot(step) : { part: -1, turn: step };
  }

  /** Pairs in one pass of a part, or of all (−1). */
  passOf(part: number): number {
    return part < 0 ? this.size : this.#parts[part]!.pairs.length;
  }

  /** The examples of a part's batch, as they are drawn. */
  draw({ part, turn }: Turn): Pick[] {
    const first = turn * this.#batchSize;
    return Array.from({ length: this.#batchSize }, (_, i) => {
      if (part >= 0) return this.#pick(part, first + i);
      const slot = this.#slot(first + i);
      return this.#pick(slot.part, slot.turn);
    });
  }

  #pick(part: number, draw: number): Pick {
    const size = this.#parts[part]!.pairs.length;
    const epoch = Math.floor(draw / size);
    return { part, epoch, pair: permute(draw % size, size, hash32(this.#seed, part, epoch)) };
  }

  #slot(slot: number): Turn {
    const { from, blocks, before } = this.#stages.findLast((stage) => stage.from <= slot)!;
    const { part, turn } = blocks.turnOf(slot - from);
    return { part, turn: before[part]! + turn };
  }

  #stagesOf({ curriculum, temperature = Number.POSITIVE_INFINITY }: MixtureOptions) {
    const sized = (weight: number, k: number): number => weight * this.#parts[k]!.pairs.length ** (1 / temperature);
    const blocksOf = (weights: readonly number[]): Blocks =>
      new Blocks(slotsOf(weights.map(sized)), this.#seed, 0x6d6978);
    if (!curriculum) {
      const counted = this.#parts.every(({ count }) => count !== undefined);
      const per = this.#sameSource ? this.#batchSize : 1;
      const blocks = counted
        ? new Blocks(
            this.#parts.map(({ count }) => Math.ceil(count! / per)),
            this.#seed,
            0x6d6978,
          )
        : blocksOf(this.#parts.map(({ weight }) => weight));
      return [{ from: 0, blocks, before: this.#parts.map(() => 0) }];
    }
    const slots = curriculum.steps(this.size) * (this.#sameSource ? 1 : this.#batchSize);
    let before = this.#parts.map(() => 0);
    let last: { from: number; blocks: Blocks } | null = null;
    return curriculum.stages.map(({ from: share, weights }) => {
      const from = Math.ceil((Number.parseFloat(share) / 100) * slots);
      const blocks = blocksOf(
        this.#parts.map(({ name, source }) => {
          const bands = this.#parts.filter((part) => part.source === source).length;
          return weights[name] ?? (weights[source] ?? 0) / bands;
        }),
      );
      const passed = last?.blocks.countBefore(from - last.from);
      before = before.map((n, k) => n + (passed?.[k] ?? 0));
      last = { from, blocks };
      return { from, blocks, before };
    });
  }

  #checkBatchSize(): void {
    const used = this.#parts.filter((_, k) => this.#stages.some(({ blocks }) => blocks.slots[k]! > 0));
    const small = used.find(({ pairs }) => pairs.length < this.#batchSize);
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
