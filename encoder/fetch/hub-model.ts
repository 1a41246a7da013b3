import { HubApiError, pathsInfo } from '@huggingface/hub';
import { CachedRepository } from '../../hub/cache.js';
import { type Client, commitOf, withHub } from '../../hub/client.js';
import { type Announced, downloadFile, downloadLine } from '../../hub/download.js';
import { reasonOf } from '../../plan/fault.js';
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
    const wanted = [...REQUIRED_FILES, ...OPTIONAL_FILES];
    const announced = await pathsInfo({ repo: name, paths: wanted, revision: commit, ...client });
    const missing = REQUIRED_FILES.filter((file) => !announced.some(({ path }) => path === file));
    if (missing.length > 0) throw new Error(`the model has no ${missing.join(', no ')}${pickleHint(missing)}`);

    for (const file of wanted) {
      if (cached.has(commit, file)) continue;
      const info = announced.find(({ path, type }) => path === file && type === 'file');
      const began = performance.now();
      const bytes = info ? await download(name, commit, info, client) : null;
      if (bytes === null) {
        cached.markAbsent(commit, file);
        continue;
      }
      const line = downloadLine(name, file, bytes, began);
      if (line) onProgress(line);
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
  return missing.some((file) => file === 'model.safetensors')
    ? '; other weight formats (.bin, .pt) may run code when read and are not taken'
    : '';
}
