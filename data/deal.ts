import type { Mixture, Pick, Turn } from './mixture.js';
import { hash32, permute } from './permutation.js';

// Batches among which examples change places: enough that a text that many pairs share finds as many batches.
const GROUP = 64;
// Groups kept: each source of a run has one in use.
const KEPT = 16;

/** What decides where an example may go. */
export interface Dealt {
  readonly mixture: Mixture;
  readonly batchSize: number;
  readonly seed: number;
  /** Numbers of an example's texts: equal texts have equal numbers. */
  readonly textsOf: (pick: Pick) => readonly number[];
  /** Where examples are grouped by it; null leaves them as they are drawn. */
  readonly lengthOf: ((pick: Pick) => number) | null;
}

/**
 * Deals the mixture's examples out so that no text is twice in a batch and, if asked, examples of a batch are about
 * equally long. Examples change places within a group of 64 to 127 batches of one pass, so a group is a function of its
 * number alone. An example that no batch of its group can take (a text in most of the pairs) is left out of this pass,
 * and its batch is smaller.
 */
export class Deal {
  readonly #kept = new Map<string, Pick[][]>();

  constructor(readonly of: Dealt) {}

  /** The examples of a step (from 0). */
  batch(step: number): Pick[] {
    const { part, turn } = this.of.mixture.turnOf(step);
    const [first, end] = this.#groupOf(part, turn);
    const key = `${part}:${first}`;
    let group = this.#kept.get(key);
    if (!group) {
      group = this.#deal(part, first, end);
      if (this.#kept.size >= KEPT) this.#kept.delete(this.#kept.keys().next().value!);
      this.#kept.set(key, group);
    }
    return group[turn - first]!;
  }

  /** The first batch of the group, and the one after its last: groups do not reach over the end of a pass. */
  #groupOf(part: number, turn: number): [number, number] {
    const { mixture, batchSize } = this.of;
    const size = mixture.passOf(part);
    const pass = Math.floor((turn * batchSize) / size);
    const begin = Math.ceil((pass * size) / batchSize);
    const end = Math.ceil(((pass + 1) * size) / batchSize);
    const groups = Math.max(1, Math.floor((end - begin) / GROUP));
    const group = Math.min(groups - 1, Math.floor((turn - begin) / GROUP));
    return [begin + group * GROUP, group === groups - 1 ? end : begin + (group + 1) * GROUP];
  }

  #deal(part: number, first: number, end: number): Pick[][] {
    const { mixture, batchSize, lengthOf, seed } = this.of;
    const turns = Array.from({ length: end - first }, (_, i): Turn => ({ part, turn: first + i }));
    const drawn = turns.flatMap((turn) => mixture.draw(turn));
    const tables = turns.map(() => new Table(batchSize));
    const sorted = lengthOf ? byLength(drawn, lengthOf) : drawn;
    const waiting: { pick: Pick; texts: readonly number[]; at: number }[] = [];
    sorted.forEach((pick, i) => {
      const at = Math.floor(i / batchSize);
      const texts = this.of.textsOf(pick);
      if (!tables[at]!.take(pick, texts)) waiting.push({ pick, texts, at });
    });
    for (const { pick, texts, at } of waiting) {
      // The nearest batch that can take it: lengths stay alike.
      const nearest = nearestFirst(at, tables.length);
      if (nearest.some((other) => tables[other]!.take(pick, texts))) continue;
      nearest.some((other) => tables[other]!.swap(pick, texts, tables));
    }
    if (!lengthOf) return tables.map(({ picks }) => picks);
    // Sorted batches come in any order.
    const key = hash32(seed, 0x6c656e, part + 1, first);
    return tables.map((_, i) => tables[permute(i, tables.length, key)]!.picks);
  }
}

function byLength(picks: readonly Pick[], lengthOf: (pick: Pick) => number): Pick[] {
  const lengths = picks.map(lengthOf);
  const order = [...picks.keys()].sort((a, b) => lengths[a]! - lengths[b]! || a - b);
  return order.map((i) => picks[i]!);
}

function nearestFirst(at: number, size: number): number[] {
  const places = Array.from({ length: size }, (_, i) => i);
  return places.sort((a, b) => Math.abs(a - at) - Math.abs(b - at) || a - b);
}

/** A batch being filled. */
class Table {
  readonly picks: Pick[] = [];
  readonly #textsOf: (readonly number[])[] = [];
  readonly #texts = new Set<number>();

  constructor(readonly size: number) {}

  /** Takes an example, if there is room and none of its texts is here. */
  take(pick: Pick, texts: readonly number[]): boolean {
    if (this.picks.length >= this.size || texts.some((text) => this.#texts.has(text))) return false;
    this.picks.push(pick);
    this.#textsOf.push(texts);
    for (const text of texts) this.#texts.add(text);
    return true;
  }

  /** Takes an example in the place of one that another batch has room for. */
  swap(pick: Pick, texts: readonly number[], tables: readonly Table[]): boolean {
    if (texts.some((text) => this.#texts.has(text))) return false;
    for (let i = 0; i < this.picks.length; i++) {
      const [mine, its] = [this.picks[i]!, this.#textsOf[i]!];
      if (!tables.some((other) => other !== this && other.take(mine, its))) continue;
      for (const text of its) this.#texts.delete(text);
      this.picks[i] = pick;
      this.#textsOf[i] = texts;
      for (const text of texts) this.#texts.add(text);
      return true;
    }
    return false;
  }
}
