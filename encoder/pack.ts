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
  /** Which of a pair's two texts each token is of, for models that learned to tell them apart; null: all are of one. */
  readonly types: Int32Array | null;
}

/**
 * Packs sequences of token ids, shortest first, so that attention meets equal lengths side by side. `skip`: how many
 * tokens of each are a prompt that pooling leaves out. `types`: of each sequence's tokens.
 */
export function pack(
  sequences: readonly Int32Array[],
  skip: number,
  types: readonly Int32Array[] | null = null,
): Packed {
  const lengthOf = (i: number): number => (sequences[i] as Int32Array).length;
  const rows = Int32Array.from(sequences.keys()).sort((a, b) => lengthOf(a) - lengthOf(b) || a - b);
  const offsets = new Int32Array(sequences.length + 1);
  rows.forEach((row, i) => {
    offsets[i + 1] = offsets[i]! + lengthOf(row);
  });
  const inRow = (tokens: readonly Int32Array[]): Int32Array => {
    const row = new Int32Array(offsets.at(-1) as number);
    rows.forEach((from, i) => {
      row.set(tokens[from] as Int32Array, offsets[i]);
    });
    return row;
  };
  const skips = new Int32Array(sequences.length).fill(skip);
  return { ids: inRow(sequences), offsets, rows, skips, types: types && inRow(types) };
}

// Activations of about this many tokens stay near the processor's caches; more gains nothing on a CPU.
const tokensPerBatch = 8192;

/** Places of the sequences, longest first, cut into batches of at most `tokensPerBatch` tokens (or one sequence). */
export function batchesByLength(sequences: readonly Int32Array[]): number[][] {
  const lengthOf = (i: number): number => (sequences[i] as Int32Array).length;
  const order = [...sequences.keys()].sort((a, b) => lengthOf(b) - lengthOf(a) || a - b);
  const batches: number[][] = [];
  let tokens = Number.POSITIVE_INFINITY;
  for (const i of order) {
    if (tokens + lengthOf(i) > tokensPerBatch) {
      batches.push([]);
      tokens = 0;
    }
    batches.at(-1)?.push(i);
    tokens += lengthOf(i);
  }
  return batches;
}
