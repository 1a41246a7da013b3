/** Neighbouring sequences of one length, not 0: `count` sequences of `length` tokens, the first at token `start`. */
export interface Run {
  readonly start: number;
  readonly count: number;
  readonly length: number;
}

/**
 * Groups a packed batch's sequences into runs, so that attention takes each run as one dense block without padding.
 * `offsets` [sequences + 1] are token positions. Sorting a batch by length makes the runs long. Sequences without tokens
 * have no rows and are left out: libtorch's kernel divides by their length.
 */
export function runsOf(offsets: Int32Array): Run[] {
  const runs: { start: number; count: number; length: number }[] = [];
  for (let i = 0; i + 1 < offsets.length; i++) {
    const start = offsets[i]!;
    const length = offsets[i + 1]! - start;
    if (length === 0) continue;
    const last = runs.at(-1);
    if (last && last.length === length) last.count++;
    else runs.push({ start, count: 1, length });
  }
  return runs;
}

/** The longest sequence's length; `offsets` as above. */
export function longestOf(offsets: Int32Array): number {
  let longest = 0;
  for (let i = 0; i + 1 < offsets.length; i++) longest = Math.max(longest, offsets[i + 1]! - offsets[i]!);
  return longest;
}
