import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readJsonl } from '../data/jsonl.js';

/** The queries' texts of a folder in BEIR layout, by id; none where there is no such file. */
export function queryTexts(folder: string | undefined): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  if (folder === undefined) return texts;
  const file = [join(folder, 'queries.jsonl'), join(folder, 'queries.jsonl.gz')].find((path) => existsSync(path));
  if (file === undefined) return texts;
  for (const { value } of readJsonl(file)) {
    const { _id: id, text } = (value ?? {}) as { _id?: unknown; text?: unknown };
    if (typeof id === 'string' && typeof text === 'string') texts.set(id, text);
  }
  return texts;
}
