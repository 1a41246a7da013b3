import { join } from 'node:path';
import { HubApiError, pathsInfo } from '@huggingface/hub';
import { CachedRepository } from '../../hub/cache.js';
import { type Client, commitOf, withHub } from '../../hub/client.js';
import { type Announced, downloadFile, downloadLine } from '../../hub/download.js';
import { reasonOf } from '../../plan/fault.js';
import { shardsOf, weightsFile, weightsIndex } from '../stored-weights.js';
import { OPTIONAL_FILES, REQUIRED_FILES } from './model-files.js';

/**
 * Downloads what we read of a model (never a pickle) into the hub's cache and returns the snapshot's folder. Every file
 * is checked against the hash the hub announces before it gets its name; refs/main is written last.
 */
export function downloadModel(name: string, onProgress: (line: string) => void): Promise<string> {
  return withHub('model', async (client) => {
    const repository = { type: 'model', name } as const;
    const cached = new CachedRepository(repository);
    const commit = await commitOf(repository, 'main', client);
    const announce = (paths: string[]): Promise<Announced[]> =>
      pathsInfo({ repo: name, paths, revision: commit, ...client });
    const fetchAll = async (files: readonly string[], announced: readonly Announced[]): Promise<void> => {
      for (const file of files) {
        if (cached.has(commit, file)) continue;
        const info = announced.find(({ path }) => path === file);
        const began = performance.now();
        const bytes = info ? await download(name, commit, info, client) : null;
        if (bytes === null) {
          cached.markAbsent(commit, file);
          continue;
        }
        const line = downloadLine(name, file, bytes, began);
        if (line) onProgress(line);
      }
    };

    const announced = await announce([...REQUIRED_FILES, weightsFile, weightsIndex, ...OPTIONAL_FILES]);
    const isThere = (file: string): boolean => announced.some(({ path }) => path === file);
    const weights = !isThere(weightsFile) && isThere(weightsIndex) ? weightsIndex : weightsFile;
    const missing = [...REQUIRED_FILES, weights].filter((file) => !isThere(file));
    if (missing.length > 0) throw new Error(`the model has no ${missing.join(', no ')}${pickleHint(missing)}`);
    await fetchAll([...REQUIRED_FILES, weights, ...OPTIONAL_FILES], announced);
    if (weights === weightsIndex) {
      const shards = shardsOf(join(cached.snapshot(commit), weightsIndex));
      const there = await announce(shards);
      const lost = shards.filter((shard) => !there.some(({ path }) => path === shard));
      if (lost.length > 0) throw new Error(`the model has no ${lost.join(', no ')}, which its index names`);
      await fetchAll(shards, there);
    }
    cached.setRef('main', commit);
    return cached.snapshot(commit);
  });
}

/** Bytes of the file, or null when it is optional and, against the announcement, not there. */
async function download(name: string, commit: string, info: Announced, client: Client): Promise<number | null> {
  try {
    return await downloadFile({ type: 'model', name }, commit, info, client);
  } catch (error) {
    const optional = (OPTIONAL_FILES as readonly string[]).includes(info.path);
    if (optional && saysNotFound(error)) return null;
    throw error;
  }
}

// The client turns a 404 that names the entry into null, and that into an error with these words.
function saysNotFound(error: unknown): boolean {
  if (error instanceof HubApiError) return error.statusCode === 404;
  return reasonOf(error).startsWith('invalid response for file');
}

function pickleHint(missing: readonly string[]): string {
  return missing.some((file) => file === weightsFile)
    ? '; other weight formats (.bin, .pt) may run code when read and are not taken'
    : '';
}
