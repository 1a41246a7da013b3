import { allEnded } from '../endpoint/all-ended.js';

/**
 * Does the work of all items, `width` at a time, and gives what came of each, in their order. After the first that fails
 * none is begun; those under way end before it is thrown.
 */
export async function inTurn<T, R>(
  items: readonly T[],
  width: number,
  work: (item: T, place: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  let [next, failed] = [0, false];
  const worker = async (): Promise<void> => {
    while (next < items.length && !failed) {
      const place = next++;
      try {
        results[place] = await work(items[place] as T, place);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  await allEnded(Array.from({ length: Math.min(width, items.length) }, worker));
  return results;
}
