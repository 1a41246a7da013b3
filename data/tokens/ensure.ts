import { readShard, type Shard, type ShardTexts, shardNames, shardsOf } from './shard.js';
import { buildShards } from './threads.js';
import type { Tokenization } from './tokenization.js';

/** How far building is, in shards. */
export type OnProgress = (done: number, of: number) => void;

/**
 * Reads all shards of texts, in no particular order, and builds those that are missing, cut or damaged, on all
 * processors.
 * @param take what to keep of a shard: its arrays are views of the whole file
 */
export async function ensureShards(
  texts: readonly string[],
  how: Tokenization,
  folder: string,
  take: (shard: ShardTexts, name: string, read: Shard) => void,
  onProgress: OnProgress = () => {},
): Promise<readonly ShardTexts[]> {
  const known = shardNames(folder);
  const wanted = [...shardsOf(texts, how)];
  const taken = (shard: ShardTexts, name: string): boolean => {
    const read = readShard(folder, name, shard.texts.length);
    if (read) take(shard, name, read);
    return read !== null;
  };
  const missing = wanted.filter((shard) => {
    const name = known.get(shard.key);
    return name === undefined || !taken(shard, name);
  });
  let done = wanted.length - missing.length;
  await buildShards(missing, how, folder, (shard, name) => {
    if (!taken(shard, name)) throw new Error(`${name} in ${folder} cannot be read back after it was written`);
    onProgress(++done, wanted.length);
  });
  return wanted;
}
