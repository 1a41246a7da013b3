import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { threadId } from 'node:worker_threads';
import { crc32 } from 'node:zlib';
import {
  Field,
  Int32,
  List,
  makeData,
  RecordBatch,
  Schema,
  Struct,
  Table,
  tableFromIPC,
  tableToIPC,
} from 'apache-arrow';
import type { Tokenization } from './tokenization.js';

/** Consecutive texts that are tokenized, kept and checked together. */
export interface ShardTexts {
  /** The place of its first text among all. */
  readonly first: number;
  readonly texts: readonly string[];
  /** SHA-256 (half) over its texts, the tokenizer, the prompt and the length. */
  readonly key: string;
}

/** A shard read: sequence i is `ids` from `offsets[i]` to `offsets[i + 1]`, views of the file's bytes. */
export interface Shard {
  readonly offsets: Int32Array;
  readonly ids: Int32Array;
  /** Where in the file `ids` begins. */
  readonly at: number;
}

// About a million tokens: large enough for few files, small enough that two threads share a corpus evenly.
const MOST_CHARACTERS = 4 << 20;
const MOST_TEXTS = 1 << 16;

/** Cuts texts into shards; the same texts are cut at the same places whatever follows them. */
export function* shardsOf(texts: readonly string[], how: Tokenization): Generator<ShardTexts, void> {
  for (let first = 0; first < texts.length; ) {
    let end = first;
    for (let characters = 0; end < texts.length && end - first < MOST_TEXTS; end++) {
      characters += texts[end]!.length;
      if (characters > MOST_CHARACTERS && end > first) break;
    }
    const own = texts.slice(first, end);
    yield { first, texts: own, key: keyOf(own, how) };
    first = end;
  }
}

function keyOf(texts: readonly string[], { tokenizer, prompt, maxLength }: Tokenization): string {
  const hash = createHash('sha256').update(JSON.stringify(['tokens-2', tokenizer.hash, prompt, maxLength]));
  // Each with its length, so that no two lists of texts read the same.
  for (const text of texts) hash.update(`${text.length}:`).update(text);
  return hash.digest('hex').slice(0, 32);
}

const listType = new List(new Field('item', new Int32(), false));
const schema = new Schema([new Field('ids', listType, false)]);

/** Tokenizes a shard's texts and writes them as an Arrow file, named by its key and its bytes' CRC-32; returns the name. */
export function buildShard(
  { key, texts }: Pick<ShardTexts, 'key' | 'texts'>,
  how: Tokenization,
  folder: string,
): string {
  const sequences = texts.map((text) => how.tokenizer.encode(how.prompt + text, how.maxLength));
  const valueOffsets = new Int32Array(sequences.length + 1);
  sequences.forEach((sequence, i) => {
    valueOffsets[i + 1] = valueOffsets[i]! + sequence.length;
  });
  const data = new Int32Array(valueOffsets.at(-1) as number);
  sequences.forEach((sequence, i) => {
    data.set(sequence, valueOffsets[i]);
  });
  const child = makeData({ type: new Int32(), length: data.length, nullCount: 0, data });
  const length = sequences.length;
  const list = makeData({ type: listType, length, nullCount: 0, valueOffsets, child });
  const rows = makeData({ type: new Struct(schema.fields), length, nullCount: 0, children: [list] });
  const bytes = tableToIPC(new Table([new RecordBatch(schema, rows)]), 'file');
  const name = `${key}-${crcOf(bytes)}.arrow`;
  mkdirSync(folder, { recursive: true });
  // Two runs may build the same shard: each under a name of its own, and the last one to finish puts the same bytes there.
  const unfinished = join(folder, `${name}.${process.pid}-${threadId}-${unfinishedCount++}.tmp`);
  writeFileSync(unfinished, bytes);
  renameSync(unfinished, join(folder, name));
  return name;
}

let unfinishedCount = 0;

/** Names of the shards that lie in a folder, by their keys. */
export function shardNames(folder: string): Map<string, string> {
  try {
    const names = readdirSync(folder).filter((name) => /^[0-9a-f]{32}-[0-9a-f]{8}\.arrow$/.test(name));
    return new Map(names.map((name) => [name.slice(0, 32), name]));
  } catch {
    return new Map();
  }
}

/** Reads a shard; null when it is not there, its bytes are not those that its name tells, or it has other texts. */
export function readShard(folder: string, name: string, texts: number): Shard | null {
  try {
    const bytes = readFileSync(join(folder, name));
    if (!name.endsWith(`-${crcOf(bytes)}.arrow`)) return null;
    const [list] = tableFromIPC(bytes).getChild('ids')?.data ?? [];
    const ids = list?.children[0]?.values as Int32Array | undefined;
    if (!list || !ids || list.length !== texts) return null;
    return { offsets: list.valueOffsets.subarray(0, texts + 1), ids, at: ids.byteOffset - bytes.byteOffset };
  } catch {
    return null;
  }
}

function crcOf(bytes: Uint8Array): string {
  return crc32(bytes).toString(16).padStart(8, '0');
}
