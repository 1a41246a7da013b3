/** Several sequences in one row of token ids. There is no padding. */
export interface Packed {
  /** All tokens, sequence after sequence. */
  readonly ids: Int32Array;
  /** Where each sequence begins, and the end of the last [sequences + 1]. */
  readonly offsets: Int32Array;
  /** rows[i]: which of the caller's sequences the packed batch's sequence i is. */
  readonly rows: Int32Array;
  /** skips[i]: tokens at the beginning of the packed batch's sequence i that pooling leaves out. */
  readonly skips: Int32Array;
}

/**
 * Packs sequences of token ids, shortest first, so that attention meets equal lengths side by side. `skip`: how many
 * tokens of each are a prompt that pooling leaves out.
 */
export function pack(sequences: readonly Int32Array[], skip: number): Packed {
  const lengthOf = (i: number): number => (sequences[i] as Int32Array).length;
  const rows = Int32Array.from(sequences.keys()).sort((a, b) => lengthOf(a) - lengthOf(b) || a - b);
  const offsets = new Int32Array(sequences.length + 1);
  rows.forEach((row, i) => {
    offsets[i + 1] = offsets[i]! + lengthOf(row);
  });
  const ids = new Int32Array(offsets.at(-1) as number);
  rows.forEach((row, i) => {
    ids.set(sequences[row] as Int32Array, offsets[i]);
  });
  return { ids, offsets, rows, skips: new Int32Array(sequences.length).fill(skip) };
}
