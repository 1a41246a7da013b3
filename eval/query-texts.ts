import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readJsonl } from '../data/jsonl.js';

/** The queries' texts of a folder in BEIR layout, by id; none where there is no such file. */
export function queryTexts(folder: string | undefined): ReadonlyMap<string, string> {
  return folder === undefined ? new Map() : queryFields(folder, 'text');
}

/** A field of the queries' records, by id, where it holds text. */
export function queryFields(folder: string, field: string): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  const file = [join(folder, 'queries.jsonl'), join(folder, 'queries.jsonl.gz')].find((path) => existsSync(path));
  if (file === undefined) return texts;
  for (const { value } of readJsonl(file)) {
    const record = (value ?? {}) as Readonly<Record<string, unknown>>;
    const { _id: id, [field]: text } = record;
    if (typeof id === 'string' && typeof text === 'string') texts.set(id, text);
  }
  return texts;
}
