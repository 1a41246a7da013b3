import { cacheFolder } from '../plan/places.js';
import { buildShard, readShard, type ShardTexts, shardNames, shardsOf, type Tokenization } from './tokens/shard.js';

/**
 * Token ids of many texts, each with the prompt before it, all in memory: what an evaluation needs. They come from the
 * shards of the token cache (tokens/store.ts reads the same one by one), and are made here where they are not there.
 */
export function tokenize(texts: readonly string[], how: Tokenization): Int32Array[] {
  const folder = cacheFolder('tokens');
  const known = shardNames(folder);
  return [...shardsOf(texts, how)].flatMap((shard) => sequencesOf(shard, how, folder, known.get(shard.key)));
}

function sequencesOf(shard: ShardTexts, how: Tokenization, folder: string, known: string | undefined): Int32Array[] {
  const count = shard.texts.length;
  const read = (known && readShard(folder, known, count)) || readShard(folder, buildShard(shard, how, folder), count);
  if (!read) throw new Error(`a shard of ${folder} cannot be read back after it was written`);
  const { ids, offsets } = read;
  return Array.from({ length: count }, (_, i) => ids.subarray(offsets[i], offsets[i + 1]));
}
