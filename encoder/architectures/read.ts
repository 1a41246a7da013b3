import { join } from 'node:path';
import { Fault } from '../../plan/fault.js';
import { readJson } from '../json.js';
import type { Architecture } from './architecture.js';
import { bert } from './bert.js';
import { decoder } from './decoder.js';
import { distilbert } from './distilbert.js';
import { type Family, Unsupported } from './family.js';
import { modernbert } from './modernbert.js';
import { mpnet } from './mpnet.js';

const families: readonly Family[] = [bert, distilbert, mpnet, modernbert, decoder];

/**
 * Reads a hub folder's config.json, as transformers 4 or 5 writes it. Throws a Fault that names the field which cannot
 * be honoured: what changes the numbers and is not implemented is never ignored.
 */
export function readArchitecture(folder: string): Architecture {
  const file = join(folder, 'config.json');
  const json = readJson(file);
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new Fault(`Expected a model's config in ${file}, got no JSON object. Fetch the model again.`);
  }
  const config = json as Readonly<Record<string, unknown>>;
  const family = families.find(({ types }) => types.some((type) => type === config.model_type));
  return honoured(file, () => {
    if (!family) {
      const known = families.flatMap(({ types }) => types).join(', ');
      throw new Unsupported(`model_type: ${JSON.stringify(config.model_type)} is not one of ${known}`);
    }
    return family.read(config, String(config.model_type));
  });
}

/** What is read of a config.json, with a Fault in the place of an {@link Unsupported}. */
export function honoured<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Unsupported)) throw error;
    throw new Fault(
      `Expected a model that reasontune implements in ${file}, but ${error.message}. Choose another model.`,
    );
  }
}
