import type { FaultLog } from '../fault-log.js';
import { readJsonl } from '../jsonl.js';
import { readArrow } from './arrow.js';
import { readParquet } from './parquet.js';
import type { Row } from './row.js';

const formats = {
  parquet: /\.parquet$/,
  arrow: /\.(arrow|feather)$/,
  jsonl: /\.(jsonl|ndjson|json)(\.(gz|zst))?$/,
} as const;

type Format = keyof typeof formats;

/** The format that a file's name says; null for one that holds no records. */
export function formatOf(path: string): Format | null {
  const found = Object.entries(formats).find(([, pattern]) => pattern.test(path));
  return found ? (found[0] as Format) : null;
}

/** The records of a file: Parquet or Arrow by its name, anything else as JSON lines. */
export async function* readRows(path: string, faults: FaultLog): AsyncGenerator<Row, void> {
  const format = formatOf(path);
  if (format === 'parquet') yield* readParquet(path);
  else if (format === 'arrow') yield* readArrow(path);
  else for (const { line, value } of readJsonl(path, faults)) yield { where: `${path}:${line}`, value };
}
