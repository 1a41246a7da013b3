import { cacheFolder } from '../plan/places.js';
import { ensureShards } from './tokens/ensure.js';
import type { Shard } from './tokens/shard.js';
import type { Tokenization } from './tokens/tokenization.js';

/**
 * Token ids of many texts, each with the prompt before it, all in memory: what an evaluation needs. They come from the
 * shards of the token cache (tokens/store.ts reads the same one by one), and are made, on all processors, where they are
 * not there.
 */
export async function tokenize(texts: readonly string[], how: Tokenization): Promise<Int32Array[]> {
  const read = new Map<string, Shard>();
  const shards = await ensureShards(texts, how, cacheFolder('tokens'), ({ key }, _name, shard) => read.set(key, shard));
  return shards.flatMap(({ key, texts: own }) => {
    const { ids, offsets } = read.get(key)!;
    return Array.from(own, (_, i) => ids.subarray(offsets[i], offsets[i + 1]));
  });
}
