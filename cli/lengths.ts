import { existsSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { readCollection } from '../data/beir.js';
import { lengthsOf } from '../data/inspect/lengths.js';
import { readSource } from '../data/source.js';
import { readPlan } from '../plan/read.js';
import type { LengthsOf } from '../report/lengths.js';
import { say } from './progress.js';

/** The lengths of the queries and documents of what a path names: a plan's sources, a run's, or a folder in BEIR layout. */
export async function readLengths(path: string, split: string): Promise<LengthsOf[]> {
  if (existsSync(join(path, 'plan.yaml'))) return ofPlan(join(path, 'plan.yaml'));
  if (statSync(path, { throwIfNoEntry: false })?.isFile()) return ofPlan(path);
  const { corpus, queries } = readCollection(path, split);
  const name = basename(resolve(path));
  return sides(name, { queries: queries.map(({ text }) => text), documents: corpus.texts });
}

async function ofPlan(file: string): Promise<LengthsOf[]> {
  const plan = readPlan(file);
  const found: LengthsOf[] = [];
  for (const source of plan.data.sources) {
    const texts = await readSource(source, plan.data, say);
    found.push(...sides(source.name, texts));
  }
  return found;
}

function sides(
  name: string,
  { queries, documents }: { queries: readonly string[]; documents: readonly string[] },
): LengthsOf[] {
  return [
    { name: `${name}: queries`, ...lengthsOf(queries) },
    { name: `${name}: documents`, ...lengthsOf(documents) },
  ];
}
