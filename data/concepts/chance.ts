import { hash32 } from '../permutation.js';

/** Chance that is a function of its key alone: the same key draws the same. */
export class Chance {
  readonly #key: readonly number[];
  #drawn = 0;

  constructor(...key: readonly number[]) {
    this.#key = key;
  }

  /** An integer from 0 to below `n`. */
  below(n: number): number {
    return Math.floor(this.share() * n);
  }

  /** A number from 0 to below 1. */
  share(): number {
    return hash32(...this.#key, this.#drawn++) / 2 ** 32;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }

  /** `n` different items, in a random order; all of them where there are fewer. */
  some<T>(list: readonly T[], n: number): T[] {
    const keyed = list.map((item) => ({ item, key: this.share() }));
    return keyed
      .sort((a, b) => a.key - b.key)
      .slice(0, n)
      .map(({ item }) => item);
  }
}
