/** The largest absolute difference between two lists of numbers. */
export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new Error(`${a.length} numbers against ${b.length}`);
  let largest = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs((a[i] as number) - (b[i] as number));
    if (!(difference <= largest)) largest = difference;
  }
  return largest;
}

/** The length of the difference over the length of the reference. */
export function relativeError(got: ArrayLike<number>, reference: ArrayLike<number>): number {
  let [difference, length] = [0, 0];
  for (let i = 0; i < reference.length; i++) {
    difference += ((got[i] as number) - (reference[i] as number)) ** 2;
    length += (reference[i] as number) ** 2;
  }
  return Math.sqrt(difference) / Math.max(Math.sqrt(length), 1e-30);
}

/** The cosine of the angle between two lists of numbers. */
export function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [dot, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    dot += a[i]! * b[i]!;
    aa += a[i]! ** 2;
    bb += b[i]! ** 2;
  }
  return dot / Math.sqrt(aa * bb);
}
