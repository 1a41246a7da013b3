/** Texts of `from` words to fewer than `below`, which the last bin lacks. */
export interface LengthBin {
  readonly from: number;
  readonly below: number | null;
  readonly count: number;
}

/** A bin as a label: `10–19`, `10000+`. */
export function rangeOf({ from, below }: LengthBin): string {
  return below === null ? `${from}+` : `${from}–${below - 1}`;
}

/** How long texts are, in words. */
export interface Lengths {
  readonly count: number;
  readonly mean: number;
  readonly median: number;
  readonly largest: number;
  /** Texts by length. */
  readonly bins: readonly LengthBin[];
}

// Lengths range over four orders of magnitude: bins grow by about a half each.
const EDGES = [0, 5, 10, 20, 30, 50, 75, 100, 150, 200, 300, 500, 750, 1000, 1500, 2000, 3000, 5000, 10_000];

/** The lengths of texts in words (what stands between blanks). */
export function lengthsOf(texts: readonly string[]): Lengths {
  return summaryOf(texts.map(wordCount));
}

/** Lengths in words, summed up. */
export function summaryOf(words: readonly number[]): Lengths {
  const lengths = words.toSorted((a, b) => a - b);
  const counts = EDGES.map(() => 0);
  for (const length of lengths) counts[EDGES.findLastIndex((edge) => edge <= length)]!++;
  const used = counts.findLastIndex((count) => count > 0);
  return {
    count: lengths.length,
    mean: lengths.reduce((sum, length) => sum + length, 0) / Math.max(1, lengths.length),
    median: lengths[lengths.length >> 1] ?? 0,
    largest: lengths.at(-1) ?? 0,
    bins: counts
      .slice(0, used + 1)
      .map((count, i) => ({ from: EDGES[i] as number, below: EDGES[i + 1] ?? null, count })),
  };
}

/** What stands between blanks. */
export function wordCount(text: string): number {
  let count = 0;
  for (const _ of text.matchAll(/\S+/g)) count++;
  return count;
}
