/** Mixes 32-bit words into one (murmur3's finalizer over a running hash): a fixed, seedless source of chance. */
export function hash32(...words: readonly number[]): number {
  let h = 0x9e3779b9;
  for (const word of words) {
    h = Math.imul(h ^ (word >>> 0), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    h = (h ^ (h >>> 16)) >>> 0;
  }
  return h;
}

/**
 * Where `place` goes in a shuffle of 0 … size − 1 that `key` names. A Feistel network on the next power of four, walked
 * until it lands inside (Black & Rogaway 2002): any place of any shuffle is found without making the rest of it.
 */
export function permute(place: number, size: number, key: number): number {
  let half = 1;
  while (4 ** half < size) half++;
  const mask = 2 ** half - 1;
  let at = place;
  do {
    let [left, right] = [Math.floor(at / 2 ** half), at & mask];
    for (let round = 0; round < 4; round++) [left, right] = [right, left ^ (hash32(key, round, right) & mask)];
    at = left * 2 ** half + right;
  } while (at >= size);
  return at;
}

/** A text's number: FNV-1a over its UTF-16 units, mixed. Equal texts have equal numbers; two others seldom do. */
export function hashText(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return hash32(h, text.length);
}
