import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
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
import type { Tokenizer } from '../encoder/tokenizer.js';
import { cacheFolder } from '../plan/places.js';

/** What a text's tokens depend on, besides the text. */
export interface Tokenization {
  readonly tokenizer: Tokenizer;
  readonly prompt: string;
  readonly maxLength: number;
}

/**
 * Token ids of many texts, each with the prompt before it. Kept as an Arrow file named by a hash of the texts, the
 * tokenizer, the prompt and the length, so the same texts are tokenized once; a file that is not whole is made anew.
 */
export function tokenize(texts: readonly string[], how: Tokenization): Int32Array[] {
  const file = cacheFolder('tokens', `${contentKey(texts, how)}.arrow`);
  const known = existsSync(file) ? read(file, texts.length) : null;
  if (known) return known;
  const sequences = texts.map((text) => how.tokenizer.encode(how.prompt + text, how.maxLength));
  write(file, sequences);
  return sequences;
}

function contentKey(texts: readonly string[], { tokenizer, prompt, maxLength }: Tokenization): string {
  const hash = createHash('sha256').update(JSON.stringify(['tokens-1', tokenizer.hash, prompt, maxLength]));
  // Each with its length, so that no two lists of texts read the same.
  for (const text of texts) hash.update(`${text.length}:`).update(text);
  return hash.digest('hex').slice(0, 32);
}

const listType = new List(new Field('item', new Int32(), false));
const schema = new Schema([new Field('ids', listType, false)]);

function write(file: string, sequences: readonly Int32Array[]): void {
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
  mkdirSync(dirname(file), { recursive: true });
  const unfinished = `${file}.${process.pid}`;
  writeFileSync(unfinished, tableToIPC(new Table([new RecordBatch(schema, rows)]), 'file'));
  renameSync(unfinished, file);
}

/** The cached sequences, views into one buffer; null when the file cannot be read or holds another number of texts. */
function read(file: string, texts: number): Int32Array[] | null {
  try {
    const [list] = tableFromIPC(readFileSync(file)).getChild('ids')?.data ?? [];
    const ids = list?.children[0]?.values as Int32Array | undefined;
    if (!list || !ids || list.length !== texts || ids.length < (list.valueOffsets[texts] as number)) return null;
    return Array.from({ length: texts }, (_, i) => ids.subarray(list.valueOffsets[i], list.valueOffsets[i + 1]));
  } catch {
    return null;
  }
}
