import { existsSync, statSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import type { Collection } from '../data/beir.js';
import { disposeEncoder, loadEncoder } from '../encoder/encoder.js';
import { fetchModel } from '../encoder/fetch/fetch-model.js';
import { lastCheckpoint } from '../plan/run-layout.js';
import { Bm25, type Bm25Variant } from '../retrieval/bm25.js';
import { readRun } from '../retrieval/files.js';
import type { Run } from '../retrieval/ranking.js';
import { denseRanker, embedCorpus } from './dense-system.js';

export type Progress = (done: number, of: number) => void;

/** Ranks for each query of the collection it was made for: the whole corpus, or a pool, each query's documents there. */
export type Ranker = (depth: number, pool?: Run) => Run;

/** Something that ranks documents for queries. */
export interface System {
  /** In tables and file names. */
  readonly name: string;
  /** Indexes or embeds a collection. */
  read(collection: Collection, onProgress: Progress): Promise<Ranker>;
  dispose(): void;
}

/** The two BM25s that published numbers come from, as the command line names them. */
const bm25s: Readonly<Record<string, { readonly name: string; readonly variant: Bm25Variant }>> = {
  bm25: { name: 'BM25', variant: 'lucene' },
  'bm25:lucene': { name: 'BM25', variant: 'lucene' },
  'bm25:bright': { name: 'BM25-bright', variant: 'bright' },
};

/**
 * Opens what the user named: `bm25` (`bm25:lucene`) or `bm25:bright`, a run file, a run folder (its last checkpoint), a
 * checkpoint or any sentence-transformers folder, or a hub id. Throws a Fault when there is none. An encoder needs a
 * running backend.
 *
 * @param options.chunk an encoder embeds documents in pieces of so many words, and scores each by its best piece
 */
export async function openSystem(
  model: string,
  { chunk = null }: { readonly chunk?: number | null } = {},
): Promise<System> {
  const bm25 = Object.hasOwn(bm25s, model) ? bm25s[model] : undefined;
  if (bm25)
    return { name: bm25.name, read: async (collection) => bm25Ranker(collection, bm25.variant), dispose: () => {} };
  if (isRunFile(model)) {
    const run = readRun(model);
    return { name: basename(model, extname(model)), read: async () => runRanker(run), dispose: () => {} };
  }
  const checkpoint = lastCheckpoint(model);
  const encoder = loadEncoder(checkpoint ?? (await fetchModel(model)));
  return {
    name: chunk === null ? nameOf(model) : `${nameOf(model)}-chunk${chunk}`,
    read: async ({ corpus, queries }, onProgress) =>
      denseRanker(encoder, await embedCorpus(encoder, corpus, chunk, onProgress), queries),
    dispose: () => disposeEncoder(encoder),
  };
}

/** Whether a model is a file: a ranking that something else made. */
function isRunFile(model: string): boolean {
  return statSync(model, { throwIfNoEntry: false })?.isFile() ?? false;
}

/** Whether a system embeds texts, and so needs a backend. */
export function isEncoder(model: string): boolean {
  return !Object.hasOwn(bm25s, model) && !isRunFile(model);
}

/** `all-MiniLM-L6-v2` for a hub id, `run/step-000057` for a checkpoint, the folder's own name for a run. */
function nameOf(model: string): string {
  const name = basename(model);
  return existsSync(join(model, 'trainer')) ? `${basename(dirname(model))}/${name}` : name;
}

function bm25Ranker({ corpus, queries }: Collection, variant: Bm25Variant): Ranker {
  const index = new Bm25(corpus, variant);
  return (depth, pool) =>
    new Map(
      queries.map(({ id, text, excluded }) => {
        const only = pool && (pool.get(id) ?? []).map((one) => one.id);
        return [id, index.search(text, depth, excluded, only)];
      }),
    );
}

function runRanker(run: Run): Ranker {
  return (depth, pool) =>
    new Map(
      Array.from(run, ([query, ranked]) => {
        if (pool === undefined) return [query, ranked.slice(0, depth)];
        const held = new Set(pool.get(query)?.map(({ id }) => id));
        return [query, ranked.filter(({ id }) => held.has(id)).slice(0, depth)];
      }),
    );
}
