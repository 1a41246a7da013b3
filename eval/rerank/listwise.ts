/**
 * The windows of a listwise reranking, from the bottom of the ranking to its top (Sun et al. 2023): the best of each is
 * carried up into the next.
 *
 * @returns for each window its first and one past its last place
 */
export function windows(documents: number, window: number, stride: number): [number, number][] {
  const cut: [number, number][] = [];
  for (let end = documents; end > 0; end -= stride) {
    const start = Math.max(0, end - window);
    cut.push([start, end]);
    if (start === 0) break;
  }
  return cut;
}

/**
 * The order that an answer such as `[2] > [3] > [1]` gives to `size` documents, as places from 0: numbers named twice or
 * not there are passed over, and documents not named follow as they were. Undefined for an answer that names none.
 */
export function orderIn(answer: string, size: number): number[] | undefined {
  const named = new Set(
    [...answer.matchAll(/\[(\d+)\]/g)].map(([, digits]) => Number(digits) - 1).filter((at) => at >= 0 && at < size),
  );
  if (named.size === 0) return undefined;
  return [...named, ...Array.from({ length: size }, (_, at) => at).filter((at) => !named.has(at))];
}
