/** How many tokens to the left and to the right of its own a query sees, as flash-attn counts them; -1: all. */
export type Window = readonly [left: number, right: number];

/** What attention does besides its tensors. */
export interface AttentionShape {
  readonly heads: number;
  /** Heads of k and v; each serves heads / kvHeads of q's (grouped-query attention, Ainslie et al. 2023). */
  readonly kvHeads: number;
  /** Numbers a head. */
  readonly width: number;
  /** Where each sequence begins, and the end of the last [sequences + 1]. */
  readonly offsets: Int32Array;
  /** A token sees itself and what came before it. */
  readonly causal: boolean;
  readonly window: Window;
}

export const everything: Window = [-1, -1];

/** The window that causality leaves of a window. */
export function sight({ causal, window: [left, right] }: AttentionShape): Window {
  return [left, causal ? 0 : right];
}

/** Whether every token of a sequence of `length` sees all of it. */
export function seesAll(shape: AttentionShape, length: number): boolean {
  return sight(shape).every((reach) => reach < 0 || reach >= length - 1);
}

/** Whether causality alone limits what a token of a sequence of `length` sees. */
export function isPlainCausal(shape: AttentionShape, length: number): boolean {
  const [left] = shape.window;
  return shape.causal && (left < 0 || left >= length - 1);
}

/** What is added to the scores [length, length] of a sequence: 0 where the query (row) sees the key, else -∞. */
export function maskOf(shape: AttentionShape, length: number): Float32Array {
  const [left, right] = sight(shape);
  const mask = new Float32Array(length * length);
  for (let i = 0; i < length; i++) {
    const row = mask.subarray(i * length, (i + 1) * length);
    if (left >= 0) row.fill(Number.NEGATIVE_INFINITY, 0, Math.max(0, i - left));
    if (right >= 0) row.fill(Number.NEGATIVE_INFINITY, Math.min(length, i + right + 1));
  }
  return mask;
}

/** For each pair of a sequence [length · length], the row of a bias by distance [2 · reach + 1, …]: key - query + reach. */
export function distances(length: number, reach: number): Int32Array {
  const rows = new Int32Array(length * length);
  for (let i = 0; i < length; i++) for (let j = 0; j < length; j++) rows[i * length + j] = j - i + reach;
  return rows;
}
