import { hash32, hashText } from '../permutation.js';

const SHINGLE_WORDS = 3;
// 16 bands of 4 rows: a pair of texts with a Jaccard index of 0.8 shares a band with probability 0.9998.
const BANDS = 16;
const ROWS = 4;

/** How alike two texts must be to count as nearly the same: the Jaccard index of their three-word shingles. */
const NEARLY = 0.8;

/** A text for exact comparison: letters and digits in lower case, blanks between words. */
export function normalized(text: string): string {
  return wordsOf(text).join(' ');
}

function wordsOf(text: string): string[] {
  return (
    text
      .normalize('NFKC')
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu) ?? []
  );
}

/**
 * Finds texts that are nearly the same: MinHash signatures in bands (Broder 1997; Leskovec, Rajaraman & Ullman, "Mining
 * of Massive Datasets", 3.4) give candidates, and each is judged by its true Jaccard index, so nothing is found that is
 * not there.
 */
export class NearTexts {
  readonly #shingles: Uint32Array[] = [];
  readonly #bands: Map<number, number[]>[] = Array.from({ length: BANDS }, () => new Map());

  /** Adds a text; texts are numbered from 0 in the order in which they are added. */
  add(text: string): void {
    const shingles = shinglesOf(text);
    const place = this.#shingles.push(shingles) - 1;
    bandKeys(shingles).forEach((key, band) => {
      const bucket = this.#bands[band]!.get(key);
      if (bucket) bucket.push(place);
      else this.#bands[band]!.set(key, [place]);
    });
  }

  /** The numbers of added texts that are nearly the same as this one, in rising order. */
  near(text: string): number[] {
    const shingles = shinglesOf(text);
    const candidates = new Set(bandKeys(shingles).flatMap((key, band) => this.#bands[band]!.get(key) ?? []));
    return [...candidates].filter((c) => jaccard(shingles, this.#shingles[c]!) >= NEARLY).sort((a, b) => a - b);
  }
}

/** Whether two texts are nearly the same. */
export function nearlySame(a: string, b: string): boolean {
  return jaccard(shinglesOf(a), shinglesOf(b)) >= NEARLY;
}

/** The distinct shingles of a text as sorted hashes; a text of fewer words is one shingle. */
function shinglesOf(text: string): Uint32Array {
  const words = wordsOf(text).map(hashText);
  const found = new Set<number>();
  const last = Math.max(0, words.length - SHINGLE_WORDS);
  for (let i = 0; i <= last; i++) found.add(hash32(...words.slice(i, i + SHINGLE_WORDS)));
  return Uint32Array.from(found).sort();
}

function bandKeys(shingles: Uint32Array): number[] {
  return Array.from({ length: BANDS }, (_, band) =>
    hash32(band, ...Array.from({ length: ROWS }, (_row, row) => minimum(shingles, band * ROWS + row))),
  );
}

/** The least of the shingles' hashes under hash function `which`. */
function minimum(shingles: Uint32Array, which: number): number {
  const key = Math.imul(which + 1, 0x9e3779b1);
  let least = 0xffffffff;
  for (let i = 0; i < shingles.length; i++) {
    let h = Math.imul(shingles[i]! ^ key, 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    h = (h ^ (h >>> 16)) >>> 0;
    if (h < least) least = h;
  }
  return least;
}

/** |a ∩ b| / |a ∪ b| of two sorted sets. */
function jaccard(a: Uint32Array, b: Uint32Array): number {
  let [i, j, both] = [0, 0, 0];
  while (i < a.length && j < b.length) {
    const difference = a[i]! - b[j]!;
    if (difference === 0) both++;
    if (difference <= 0) i++;
    if (difference >= 0) j++;
  }
  const either = a.length + b.length - both;
  return either === 0 ? 1 : both / either;
}
