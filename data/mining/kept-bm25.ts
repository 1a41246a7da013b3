import type { NegativesPlan } from '../../plan/data.js';
import { kept, keyOf } from '../kept.js';
import type { Source } from '../pairs.js';
import { corpusHash } from './mined-file.js';
import { bm25Negatives } from './rank.js';

// Raise it when Bm25 ranks otherwise.
const VERSION = 'bm25-1';

/**
 * What {@link bm25Negatives} finds, kept on disk: runs of the same source, with other seeds say, mine once. The file holds
 * for each query a count and so many places, as int32.
 */
export function keptBm25Negatives(source: Source, ranks: NegativesPlan['ranks']): number[][] {
  const name = `${keyOf(VERSION, corpusHash(source), ranks)}.i32`;
  const bytes = kept('bm25', name, () => {
    const found = bm25Negatives(source, ranks);
    return new Uint8Array(Int32Array.from(found.flatMap((places) => [places.length, ...places])).buffer);
  });
  const numbers = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  const lists: number[][] = [];
  for (let at = 0; at < numbers.length; ) {
    const end = at + 1 + numbers[at]!;
    lists.push([...numbers.subarray(at + 1, end)]);
    at = end;
  }
  return lists;
}
