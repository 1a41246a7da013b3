import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { Fault, reasonOf } from '../plan/fault.js';
import { writeWhole } from '../plan/whole-file.js';
import { type ApproximateIndex, approximateIndex, graphSettings } from '../retrieval/approximate.js';
import type { Documents } from '../retrieval/dense.js';
import {
  crcOfFile,
  hashOf,
  type IndexOf,
  identitySchema,
  readManifest,
  refuseOther,
  sha256Schema,
} from './kept-index.js';

const manifestSchema = z.object({
  format: z.literal(1),
  ...identitySchema,
  /** Of the graph's own settings. */
  graph: sha256Schema,
  crc32: z.int().nonnegative(),
  /** What building it took. */
  seconds: z.number(),
});

/** A graph over vectors, and what building it took, now or when it was kept. */
interface Graph {
  readonly search: ApproximateIndex['search'];
  readonly seconds: number;
}

/**
 * Reopens the graph beside a kept index (`graph.usearch`, and `graph.json` for what it is of), or builds it and keeps it
 * there.
 *
 * @param kept the index's folder, and what it is of; null: the graph is not kept
 * @param depth as many documents as a search may ask for
 * @throws Fault a graph of another corpus, model or settings, a damaged one, a folder that cannot be written
 */
export async function keptGraph(
  kept: { readonly folder: string; readonly of: IndexOf } | null,
  documents: Documents,
  depth: number,
): Promise<Graph> {
  if (kept === null) {
    const { index, seconds } = await build(documents, depth);
    return { search: index.search, seconds };
  }
  const { folder, of } = kept;
  const [file, manifest] = [join(folder, 'graph.usearch'), join(folder, 'graph.json')];
  if (existsSync(manifest)) {
    const { seconds } = checked(manifest, file, of);
    const { search } = await approximateIndex(documents, depth, file);
    return { search, seconds };
  }
  const { index, seconds } = await build(documents, depth);
  const unfinished = `${file}.part-${process.pid}`;
  try {
    index.save(unfinished);
    renameSync(unfinished, file);
    const { weights, settings, corpus } = of;
    const value = {
      format: 1,
      weights,
      settings,
      corpus,
      graph: hashOf(graphSettings),
      crc32: crcOfFile(file),
      seconds,
    };
    writeWhole(manifest, `${JSON.stringify(value, null, 1)}\n`);
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw new Fault(`Expected a folder that can be written for ${folder}, got ${reasonOf(error)}. Check --index.`);
  }
  return { search: index.search, seconds };
}

async function build(documents: Documents, depth: number) {
  const began = performance.now();
  const index = await approximateIndex(documents, depth);
  return { index, seconds: (performance.now() - began) / 1000 };
}

/** Before usearch reads it, which trusts what a file says. */
function checked(manifest: string, file: string, of: IndexOf): z.output<typeof manifestSchema> {
  const damaged = (got: string): Fault =>
    new Fault(`Expected a kept graph in ${file}, got ${got}. Delete ${manifest} to have it built anew.`);
  const read = readManifest(manifest, manifestSchema, damaged);
  refuseOther(manifest, of, read);
  if (read.graph !== hashOf(graphSettings)) throw damaged('one of other settings');
  if (!existsSync(file)) throw damaged('no file');
  if (crcOfFile(file) !== read.crc32) throw damaged('other bytes than were written');
  return read;
}
