import { parentPort, workerData } from 'node:worker_threads';
import { loadTokenizer } from '../../encoder/tokenizer.js';
import { buildShard, type ShardTexts } from './shard.js';

/** What a thread is started with. */
export interface WorkerData {
  readonly files: { readonly folder: string; readonly vocabulary: number };
  readonly prompt: string;
  readonly maxLength: number;
  readonly folder: string;
}

// A thread of the token cache: takes a shard's texts, answers with the name of the file it wrote.
const { files, prompt, maxLength, folder } = workerData as WorkerData;
const how = { tokenizer: loadTokenizer(files.folder, files.vocabulary), prompt, maxLength };
parentPort?.on('message', (shard: Pick<ShardTexts, 'key' | 'texts'>) => {
  parentPort?.postMessage(buildShard(shard, how, folder));
});
