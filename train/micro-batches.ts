import { hash32 } from '../data/permutation.js';
import { type Packed, pack } from '../encoder/pack.js';

/** Some sequences of a batch's one side, of like lengths: what goes through the encoder at once. */
export interface MicroBatch {
  /** Which of the side's sequences these are, ascending. */
  readonly rows: Int32Array;
  readonly packed: Packed;
  /** For whatever is drawn by chance in the forward pass: a second pass with the same seed draws the same. */
  readonly seed: number;
}

/**
 * Cuts one side of a batch into micro-batches of at most `limit` tokens (a longer sequence is one of its own), as few
 * and as even as the sequences allow: sorted by length, so that each holds neighbours in length. `limit` null: one.
 * `skip` tokens at the beginning of each are not pooled.
 */
export function microBatches(
  sequences: readonly Int32Array[],
  limit: number | null,
  seed: readonly number[],
  skip = 0,
): MicroBatch[] {
  const lengths = sequences.map(({ length }) => length);
  const order = Int32Array.from(sequences.keys()).sort((a, b) => lengths[a]! - lengths[b]! || a - b);
  const all = lengths.reduce((a, b) => a + b, 0);
  let parts: Int32Array[] = [order];
  for (let count = 2; limit !== null && parts.some((part) => tooLong(part, lengths, limit)); count++) {
    parts = evenParts(order, lengths, all / count);
  }
  return parts.map((part, i) => {
    const rows = part.toSorted();
    const chosen = Array.from(rows, (row) => sequences[row] as Int32Array);
    const packed = pack(chosen, skip);
    return { rows, packed, seed: hash32(...seed, i) };
  });
}

function tooLong(part: Int32Array, lengths: readonly number[], limit: number): boolean {
  return part.length > 1 && part.reduce((sum, row) => sum + lengths[row]!, 0) > limit;
}

/** Cuts the order wherever a sequence's middle passes another multiple of `share` tokens. */
function evenParts(order: Int32Array, lengths: readonly number[], share: number): Int32Array[] {
  const parts = new Map<number, number[]>();
  let before = 0;
  for (const row of order) {
    const part = Math.floor((before + lengths[row]! / 2) / share);
    const rows = parts.get(part);
    if (rows) rows.push(row);
    else parts.set(part, [row]);
    before += lengths[row]!;
  }
  return [...parts.values()].map((rows) => Int32Array.from(rows));
}
