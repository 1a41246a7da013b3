import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { packageRoot } from '../../plan/places.js';
import { buildShard, type ShardTexts } from './shard.js';
import type { Tokenization } from './tokenization.js';
import type { WorkerData } from './worker.js';

// Starting a thread and its tokenizer takes about as long as a million characters.
const WORTH_A_THREAD = 2 << 20;
// The compiled file: Node's threads read no TypeScript.
const program = join(packageRoot, 'dist/data/tokens/worker.js');

/** Builds shards, on all processors where that is worth it; calls `onBuilt` with each one's file name. */
export async function buildShards(
  shards: readonly ShardTexts[],
  how: Tokenization,
  folder: string,
  onBuilt: (shard: ShardTexts, name: string) => void,
): Promise<void> {
  const characters = shards.reduce((sum, { texts }) => sum + texts.reduce((s, text) => s + text.length, 0), 0);
  const threads = Math.min(availableParallelism(), shards.length, Math.floor(characters / WORTH_A_THREAD));
  const { files } = how.tokenizer;
  if (threads < 2 || !files) {
    for (const shard of shards) {
      onBuilt(shard, buildShard(shard, how, folder));
      // Lets signals and timers in.
      await new Promise((next) => setImmediate(next));
    }
    return;
  }
  const workerData: WorkerData = { files, prompt: how.prompt, maxLength: how.maxLength, folder };
  const waiting = [...shards];
  const work = async (): Promise<void> => {
    const worker = new Worker(program, { workerData });
    try {
      for (let shard = waiting.shift(); shard; shard = waiting.shift()) onBuilt(shard, await ask(worker, shard));
    } finally {
      await worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: threads }, work));
}

function ask(worker: Worker, { key, texts }: ShardTexts): Promise<string> {
  return new Promise((resolve, reject) => {
    const done = (): void => {
      worker.off('message', answered).off('error', failed).off('exit', left);
    };
    const answered = (name: string): void => {
      done();
      resolve(name);
    };
    const failed = (error: unknown): void => {
      done();
      reject(error);
    };
    const left = (code: number): void => failed(new Error(`a tokenizing thread ended with ${code}`));
    worker.on('message', answered).on('error', failed).on('exit', left);
    worker.postMessage({ key, texts });
  });
}
