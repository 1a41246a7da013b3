import {
  asyncBufferFromFile,
  type FileMetaData,
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
  type SchemaTree,
} from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { Fault, reasonOf } from '../../plan/fault.js';
import { plainValue, type Row } from './row.js';

// What one row group may unpack to: it is held whole. Writers make groups of 1,000 to a million rows.
const LARGEST_GROUP_BYTES = 2 ** 31;
const LARGEST_GROUP_ROWS = 1 << 24;

/**
 * The rows of a Parquet file, a row group at a time.
 * @throws Fault a file that is not Parquet, is cut short or damaged, or whose row groups are too large to hold
 */
export async function* readParquet(path: string): AsyncGenerator<Row, void> {
  const orDamaged = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw new Fault(
        `Expected a whole Parquet file for ${path}, got one with ${oneLine(reasonOf(error))}. Fetch or write it again.`,
      );
    }
  };
  const file = await orDamaged(() => asyncBufferFromFile(path));
  const metadata = await orDamaged(() => parquetMetadataAsync(file));
  check(metadata, path, file.byteLength);
  await orDamaged(async () => checkPaths(metadata));
  let rowStart = 0;
  for (const group of metadata.row_groups) {
    const rowEnd = rowStart + Number(group.num_rows);
    const from = rowStart;
    const rows = await orDamaged(() => parquetReadObjects({ file, metadata, compressors, rowStart: from, rowEnd }));
    for (const [i, row] of rows.entries()) {
      yield { where: `${path} row ${rowStart + i + 1}`, value: plainValue(row) };
    }
    rowStart = rowEnd;
  }
}

/** Sizes that the footer claims, before anything is made of them. */
function check(metadata: FileMetaData, path: string, bytes: number): void {
  for (const [i, { num_rows: rows, columns }] of metadata.row_groups.entries()) {
    const packed = columns.reduce((sum, { meta_data: column }) => sum + Number(column?.total_compressed_size ?? 0), 0);
    const unpacked = columns.reduce(
      (sum, { meta_data: column }) => sum + Number(column?.total_uncompressed_size ?? 0),
      0,
    );
    if (!(rows >= 0) || packed > bytes || packed < 0 || unpacked < 0 || columns.length === 0) {
      throw new Fault(
        `Expected a whole Parquet file for ${path}, got one whose row group ${i + 1} claims more than the file holds. ` +
          'Fetch or write it again.',
      );
    }
    if (rows > LARGEST_GROUP_ROWS || unpacked > LARGEST_GROUP_BYTES) {
      throw new Fault(
        `Expected row groups of at most 2 GiB and ${LARGEST_GROUP_ROWS} rows for ${path}, got ${unpacked} bytes in ` +
          `${rows} rows. Write it again with smaller row groups.`,
      );
    }
  }
}

/**
 * Each column chunk must name a column of the schema. The library finds out when other columns are already being read,
 * and what then fails in those is a rejection that nobody waits for, which ends the process.
 */
function checkPaths(metadata: FileMetaData): void {
  const tree = parquetSchema(metadata);
  for (const { columns } of metadata.row_groups) {
    for (const { meta_data: column } of columns) {
      let at: SchemaTree | undefined = tree;
      for (const part of column?.path_in_schema ?? [undefined])
        at = at?.children.find(({ element }) => element.name === part);
      if (!at || at.children.length > 0) throw new Error('a column that its schema lacks');
    }
  }
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').slice(0, 200);
}
