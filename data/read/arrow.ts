import { readFileSync, statSync } from 'node:fs';
import { type Data, type RecordBatch, RecordBatchReader, StructRow, Type, Vector } from 'apache-arrow';
import { Fault, reasonOf } from '../../plan/fault.js';
import { checkMessages } from './arrow-messages.js';
import { orFault } from './chunks.js';
import { plainValue, type Row } from './row.js';

// Node reads no more at once; Hugging Face's own shards are a quarter of it.
const LARGEST_FILE = 2 ** 31 - 1;

/**
 * The rows of an Arrow file or stream (what the `datasets` library keeps on disk is a stream). The file is held in
 * memory, its texts are made one row at a time.
 * @throws Fault a file that is not Arrow, is cut short or damaged, or is larger than 2 GiB
 */
export function* readArrow(path: string): Generator<Row, void> {
  const { size } = orFault(path, () => statSync(path));
  if (size > LARGEST_FILE) {
    throw new Fault(`Expected an Arrow file of at most 2 GiB for ${path}, got ${size} bytes. Write it in shards.`);
  }
  const bytes = orFault(path, () => readFileSync(path));
  let count = 0;
  try {
    // A file is a stream between magic words; the library's reader by footer can turn in circles in a damaged one.
    const stream = isFile(bytes) ? bytes.subarray(8) : bytes;
    checkMessages(stream);
    const reader = RecordBatchReader.from(stream).open();
    if (!reader.schema) throw new Error('no schema');
    for (const batch of reader) {
      const names = usable(batch);
      const columns = names.map((name) => batch.getChild(name) as Vector);
      for (let i = 0; i < batch.numRows; i++) {
        const value = Object.fromEntries(names.map((name, c) => [name, fromArrow(columns[c]?.get(i))]));
        yield { where: `${path} row ${++count}`, value };
      }
    }
    if (!endsAsArrowDoes(bytes)) throw new Error('no end');
  } catch (error) {
    if (error instanceof Fault) throw error;
    const reason = reasonOf(error).replaceAll(/\s+/g, ' ').slice(0, 200);
    throw new Fault(
      `Expected a whole Arrow file for ${path}, got one with ${reason} after ${count} rows. Fetch or write it again.`,
    );
  }
}

function isFile(bytes: Buffer): boolean {
  return bytes.toString('latin1', 0, 6) === 'ARROW1';
}

/** A file ends with its magic word, a stream with an empty message. */
function endsAsArrowDoes(bytes: Buffer): boolean {
  const end = isFile(bytes) ? 'ARROW1' : '\xff\xff\xff\xff\0\0\0\0';
  return bytes.toString('latin1', bytes.length - end.length) === end;
}

/** The columns that hold something, their offsets checked: nothing that the batch claims is longer than its bytes. */
function usable(batch: RecordBatch): string[] {
  const children = batch.data.children;
  const names = batch.schema.fields.flatMap(({ name }, c) => {
    const data = children[c];
    if (!data || data.typeId === Type.Null) return [];
    check(data, batch.numRows);
    return [name];
  });
  if (names.length === 0) throw new Error('no columns');
  return names;
}

function check(data: Data, rows: number): void {
  if (data.length !== rows) throw new Error('a column shorter than its batch');
  if (data.nullCount > 0 && data.nullBitmap && data.nullBitmap.length * 8 < rows)
    throw new Error('a short null bitmap');
  switch (data.typeId) {
    case Type.Struct:
      for (const child of data.children) check(child, child.length);
      if (data.children.some((child) => child.length < rows)) throw new Error('a struct shorter than its batch');
      return;
    case Type.Utf8:
    case Type.LargeUtf8:
      checkOffsets(data.valueOffsets, rows, data.values.length);
      return;
    case Type.List: {
      const child = data.children[0] as Data;
      checkOffsets(data.valueOffsets, rows, child.length);
      check(child, child.length);
      return;
    }
    case Type.Dictionary:
      if (data.values.length < rows) throw new Error('a column shorter than its batch');
      for (const part of data.dictionary?.data ?? []) check(part, part.length);
      return;
    case Type.Int:
    case Type.Float:
      if (data.values.length < rows) throw new Error('a column shorter than its batch');
      return;
    case Type.Bool:
      if (data.values.length * 8 < rows) throw new Error('a column shorter than its batch');
      return;
    default:
      throw new Error(`a column of a type that is not read (${data.type})`);
  }
}

function checkOffsets(offsets: ArrayLike<number | bigint>, rows: number, length: number): void {
  if (offsets.length < rows + 1) throw new Error('offsets cut short');
  let last = 0;
  for (let i = 0; i <= rows; i++) {
    const offset = Number(offsets[i]);
    if (!(offset >= last && offset <= length)) throw new Error('offsets out of range');
    last = offset;
  }
}

function fromArrow(value: unknown): unknown {
  if (value instanceof Vector) return Array.from({ length: value.length }, (_, i) => fromArrow(value.get(i)));
  if (value instanceof StructRow) return fromArrow(value.toJSON());
  if (typeof value === 'object' && value !== null && !ArrayBuffer.isView(value)) {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, fromArrow(inner)]));
  }
  return plainValue(value);
}
