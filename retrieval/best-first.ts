/** Into as many parts is the range of keys cut. */
const parts = 1 << 12;
/** Longer parts are sorted by the engine. */
const short = 24;

// Scratch memory, one for all: nothing here waits. `ends` is one longer, so that a part's start is the end before it.
const ends = new Int32Array(parts + 1);
let sorted = new Int32Array(0);

/**
 * Moves the smallest `most` of 64-bit keys to the front, in order: a bucket sort that leaves out the buckets behind. The
 * engine's own sort takes several times as long.
 *
 * @param keys of which the first `size` count
 * @param halves the same memory as 32-bit numbers, each key's lower half first, which is not negative
 * @returns how many there are: `most`, or `size` where that is smaller
 */
export function bestFirst(keys: BigInt64Array, halves: Int32Array, size: number, most: number): number {
  const wanted = Math.min(size, most);
  if (wanted === 0) return 0;
  let [low, high] = [halves[1]!, halves[1]!];
  for (let at = 3; at < 2 * size; at += 2) {
    const upper = halves[at]!;
    if (upper < low) low = upper;
    if (upper > high) high = upper;
  }
  // The range is up to 2^32, shifted without a sign.
  const shift = Math.max(0, 32 - Math.clz32(high - low) - Math.log2(parts));
  const end = countParts(halves, size, low, shift, wanted);
  scatter(halves, size, low, shift, end);
  for (let part = 0, from = 0; from < wanted; part++) {
    // Scattering has moved each part's start to its end.
    const to = ends[part]!;
    if (to - from > short) keys.subarray(from, to).sort();
    else if (to - from > 1) insertionSort(halves, from, to);
    from = to;
  }
  return wanted;
}

/** Sets `ends[part]` to the start of each part, and says how many parts hold the wanted keys. */
function countParts(halves: Int32Array, size: number, low: number, shift: number, wanted: number): number {
  ends.fill(0);
  for (let at = 1; at < 2 * size; at += 2) ends[(halves[at]! - low) >>> shift]!++;
  let [part, sum] = [0, 0];
  while (sum < wanted) {
    const count = ends[part]!;
    ends[part++] = sum;
    sum += count;
  }
  return part;
}

function scatter(halves: Int32Array, size: number, low: number, shift: number, end: number): void {
  if (sorted.length < 2 * size) sorted = new Int32Array(2 * size);
  let kept = 0;
  for (let at = 0; at < 2 * size; at += 2) {
    const upper = halves[at + 1]!;
    const part = (upper - low) >>> shift;
    if (part >= end) continue;
    const to = 2 * ends[part]!++;
    sorted[to] = halves[at]!;
    sorted[to + 1] = upper;
    kept++;
  }
  halves.set(sorted.subarray(0, 2 * kept));
}

function insertionSort(halves: Int32Array, from: number, to: number): void {
  for (let next = 2 * from + 2; next < 2 * to; next += 2) {
    const [lower, upper] = [halves[next]!, halves[next + 1]!];
    let at = next;
    for (; at > 2 * from; at -= 2) {
      const before = halves[at - 1]!;
      if (before < upper || (before === upper && halves[at - 2]! < lower)) break;
      halves[at] = halves[at - 2]!;
      halves[at + 1] = before;
    }
    halves[at] = lower;
    halves[at + 1] = upper;
  }
}
