import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { Fault } from '../plan/fault.js';
import { readJson } from './json.js';
import { type HostTensor, SafetensorsFile } from './safetensors.js';

/** A model's weights in one file; large models have several, and an index that says which holds which. */
export const weightsFile = 'model.safetensors';
export const weightsIndex = 'model.safetensors.index.json';

const index = z.object({ weight_map: z.record(z.string(), z.string()) });

/** The files that an index names. Throws a Fault for one that would lie outside the model's folder. */
export function shardsOf(indexFile: string): string[] {
  const parsed = index.safeParse(readJson(indexFile));
  const shards = parsed.success ? [...new Set(Object.values(parsed.data.weight_map))] : [];
  const odd = shards.find((name) => !/^[\w-][\w.-]*\.safetensors$/.test(name));
  if (shards.length === 0 || odd !== undefined) {
    throw new Fault(
      `Expected names of safetensors files in ${indexFile}, got ${odd ?? 'none'}. Fetch or copy the model again.`,
    );
  }
  return shards;
}

/** Which of a folder's weight files are not there: none, shards that its index names, or the one file. */
export function missingWeightFiles(folder: string): string[] {
  const isMissing = (name: string): boolean => !existsSync(join(folder, name));
  if (!isMissing(weightsFile)) return [];
  return isMissing(weightsIndex) ? [weightsFile] : shardsOf(join(folder, weightsIndex)).filter(isMissing);
}

// The names of transformers' models, which stand before their weights' names when they were saved with a head.
const prefixes = ['bert.', 'roberta.', 'distilbert.', 'mpnet.', 'model.'];

/** A weight's name as the architectures have it: without a model's prefix, and not as TensorFlow named norms. */
function ownName(stored: string): string {
  const prefix = prefixes.find((p) => stored.startsWith(p)) ?? '';
  return stored
    .slice(prefix.length)
    .replace(/\.gamma$/, '.weight')
    .replace(/\.beta$/, '.bias');
}

/** The weights of a folder, by our names, in one file or many; read one at a time. */
export class StoredWeights {
  /** For messages. */
  readonly path: string;
  readonly #files: SafetensorsFile[] = [];
  readonly #places = new Map<string, { readonly file: SafetensorsFile; readonly name: string }>();

  constructor(folder: string) {
    const whole = join(folder, weightsFile);
    const sharded = !existsSync(whole) && existsSync(join(folder, weightsIndex));
    this.path = sharded ? join(folder, weightsIndex) : whole;
    try {
      for (const name of sharded ? shardsOf(this.path) : [weightsFile]) {
        const file = new SafetensorsFile(join(folder, name));
        this.#files.push(file);
        for (const stored of file.names) this.#places.set(ownName(stored), { file, name: stored });
      }
    } catch (error) {
      this.close();
      throw error;
    }
  }

  get names(): string[] {
    return [...this.#places.keys()];
  }

  has(name: string): boolean {
    return this.#places.has(name);
  }

  shape(name: string): readonly number[] {
    const { file, name: stored } = this.#place(name);
    return file.shape(stored);
  }

  read(name: string): HostTensor {
    const { file, name: stored } = this.#place(name);
    return file.read(stored);
  }

  close(): void {
    for (const file of this.#files) file.close();
  }

  #place(name: string): { readonly file: SafetensorsFile; readonly name: string } {
    const place = this.#places.get(name);
    if (!place) throw new Fault(`Expected weight ${name} in ${this.path}, found none. Fetch or copy the model again.`);
    return place;
  }
}
