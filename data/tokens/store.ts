import { createHash } from 'node:crypto';
import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from '../../plan/places.js';
import { writeWhole } from '../../plan/whole-file.js';
import { ensureShards, type OnProgress } from './ensure.js';
import type { Tokenization } from './tokenization.js';

// Shards open at once: far below what a process may have open.
const MOST_OPEN = 128;

interface Located {
  readonly name: string;
  readonly first: number;
  readonly offsets: Int32Array;
  readonly at: number;
}

/** Token ids of many texts, on disk: a sequence is read when it is asked for, and only the offsets are in memory. */
export class TokenStore {
  readonly #open = new Map<string, number>();

  constructor(
    readonly folder: string,
    readonly shards: readonly Located[],
    readonly length: number,
  ) {}

  /** Tokens of text i. */
  lengthOf(i: number): number {
    const { first, offsets } = this.#shardOf(i);
    return offsets[i - first + 1]! - offsets[i - first]!;
  }

  /** The token ids of text i. */
  at(i: number): Int32Array {
    const { name, first, offsets, at } = this.#shardOf(i);
    const from = offsets[i - first]!;
    const ids = new Int32Array(offsets[i - first + 1]! - from);
    const read = readSync(this.#file(name), ids, 0, ids.byteLength, at + 4 * from);
    if (read !== ids.byteLength) throw new Error(`${name} in ${this.folder} was cut short while it was in use`);
    return ids;
  }

  get tokens(): number {
    return this.shards.reduce((sum, { offsets }) => sum + offsets.at(-1)!, 0);
  }

  close(): void {
    for (const file of this.#open.values()) closeSync(file);
    this.#open.clear();
  }

  #shardOf(i: number): Located {
    let [low, high] = [0, this.shards.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.shards[middle]!.first <= i) low = middle;
      else high = middle - 1;
    }
    return this.shards[low]!;
  }

  #file(name: string): number {
    let file = this.#open.get(name);
    if (file === undefined) {
      if (this.#open.size >= MOST_OPEN) {
        const [[oldest, open]] = this.#open as unknown as [[string, number]];
        closeSync(open);
        this.#open.delete(oldest);
      }
      file = openSync(join(this.folder, name), 'r');
    } else this.#open.delete(name);
    this.#open.set(name, file);
    return file;
  }
}

/**
 * The tokens of texts, from the cache, and made where they are not there: Arrow files of about a million tokens, each
 * named by what it was made from and by its bytes' checksum, and last a manifest that lists them. A shard that is
 * missing, cut or damaged is made anew. Two runs may build at once.
 */
export async function openTokens(
  texts: readonly string[],
  how: Tokenization,
  onProgress?: OnProgress,
): Promise<TokenStore> {
  const folder = cacheFolder('tokens');
  const located = new Map<string, Omit<Located, 'first'>>();
  const wanted = await ensureShards(
    texts,
    how,
    folder,
    // A copy of the offsets: a view would keep the whole file in memory.
    ({ key }, name, { offsets, at }) => located.set(key, { name, offsets: offsets.slice(), at }),
    onProgress,
  );
  const shards = wanted.map(({ key, first }) => ({ first, ...located.get(key)! }));
  writeManifest(folder, how, shards);
  return new TokenStore(folder, shards, texts.length);
}

/** Lists the shards of one set of texts, written when all are whole: what a tool outside this process reads first. */
function writeManifest(
  folder: string,
  { tokenizer, prompt, maxLength }: Tokenization,
  shards: readonly Located[],
): void {
  const manifest = {
    tokenizer: tokenizer.hash,
    prompt,
    max_length: maxLength,
    texts: shards.reduce((sum, { offsets }) => sum + offsets.length - 1, 0),
    shards: shards.map(({ name, offsets }) => ({ name, texts: offsets.length - 1, tokens: offsets.at(-1) })),
  };
  const text = `${JSON.stringify(manifest, null, 1)}\n`;
  const key = createHash('sha256').update(text).digest('hex').slice(0, 32);
  const file = join(folder, `${key}.json`);
  if (existsSync(file)) return;
  writeWhole(file, text);
}
