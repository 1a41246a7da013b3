// Chance as a function of where it is drawn: no generator whose state would have to be kept, and the same draw again
// wherever a forward pass is done anew.

const [first, second] = [0x7feb352d, 0x846ca68b];

/** A seed for a place that a text names (FNV-1a over its UTF-16 units, begun with the seed). */
export function seedAt(seed: number, place: string): number {
  let h = (seed ^ 0x811c9dc5) | 0;
  for (let i = 0; i < place.length; i++) h = Math.imul(h ^ place.charCodeAt(i), 0x01000193);
  return h >>> 0;
}

/** A number from 0 to 2^32 - 1 for an index below 2^32: lowbias32 (Ellis 2018) with the seed in between its rounds. */
export function drawAt(seed: number, index: number): number {
  let h = (index ^ seed) | 0;
  h = Math.imul(h ^ (h >>> 16), first) ^ seed;
  h = Math.imul(h ^ (h >>> 15), second);
  return (h ^ (h >>> 16)) >>> 0;
}

/** The constants of `drawAt`, for kernels that draw whole tensors; the second as a signed number. */
export const rounds = { first, second: second - 2 ** 32 } as const;
