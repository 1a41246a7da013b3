import { statSync } from 'node:fs';
import { basename, extname } from 'node:path';
import type { Collection } from '../data/beir.js';
import { Fault } from '../plan/fault.js';
import type { Precision } from '../plan/schema.js';
import { Bm25, type Bm25Variant } from '../retrieval/bm25.js';
import { readRun } from '../retrieval/files.js';
import type { Run } from '../retrieval/ranking.js';
import { denseSystem } from './dense-system.js';
import { openLocalEmbedder } from './embed/local.js';
import { openServerEmbedder } from './embed/server.js';

export type Progress = (done: number, of: number) => void;

/** Ranks for each query that was asked: the whole corpus, or a pool, each query's documents there. */
export type Ranker = (depth: number, pool?: Run) => Run;

/** Documents, and what they are called together. */
export type Corpus = Collection['corpus'] & Pick<Collection, 'name'>;
export type Query = Collection['queries'][number];

/** Something that ranks documents for queries. */
export interface System {
  /** In tables and file names. */
  readonly name: string;
  /** Whether a query's wording changes anything: not that of a run, which is a file. */
  readonly readsQueries: boolean;
  /** Indexes or embeds a corpus. */
  index(corpus: Corpus, onProgress: Progress): Promise<Index>;
  dispose(): void;
}

/** A system that has read a corpus. */
export interface Index {
  /** What making it took; null for a run. */
  readonly cost: {
    readonly where: 'machine' | 'endpoint';
    readonly seconds: number;
    /** Null where none are counted. */
    readonly tokens: number | null;
    readonly bytes: number;
  } | null;
  /** Reads queries: embeds them, where the system does that. */
  ask(queries: readonly Query[]): Promise<{
    readonly cost: { readonly seconds: number; readonly tokens: number | null };
    readonly rank: Ranker;
    /** Where `rank` is approximate: what it approximates. */
    readonly exact?: Ranker;
  }>;
}

/** The two BM25s that published numbers come from, as the command line names them. */
const bm25s: Readonly<Record<string, { readonly name: string; readonly variant: Bm25Variant }>> = {
  bm25: { name: 'BM25', variant: 'lucene' },
  'bm25:lucene': { name: 'BM25', variant: 'lucene' },
  'bm25:bright': { name: 'BM25-bright', variant: 'bright' },
};

export interface SystemOptions {
  /** An encoder embeds documents in pieces of so many words, and scores each by its best piece. */
  readonly chunk?: number | null;
  /** What an encoder on this machine computes in. */
  readonly precision?: Precision;
  /** Where vectors are kept and reopened from. */
  readonly keep?: string | null;
  /** Encoders' vectors are searched by a graph of near neighbours, for at most so many documents a query. */
  readonly approximate?: { readonly depth: number } | null;
}

/**
 * Opens what the user named: `bm25` (`bm25:lucene`) or `bm25:bright`, a run file, a YAML file that names a server of
 * embeddings, a run folder (its last checkpoint), a checkpoint or any sentence-transformers folder, or a hub id. Throws a
 * Fault when there is none. What embeds needs a running backend.
 */
export async function openSystem(model: string, options: SystemOptions = {}): Promise<System> {
  const { chunk = null, keep = null, approximate = null, precision = 'float32' } = options;
  const bm25 = Object.hasOwn(bm25s, model) ? bm25s[model] : undefined;
  if (bm25) return bm25System(bm25.name, bm25.variant);
  if (isRunFile(model)) return runSystem(model);
  const embedder = isServer(model) ? openServerEmbedder(model) : await openLocalEmbedder(model, precision);
  return denseSystem(embedder, { chunk, keep, approximate });
}

/** Opens a system that can be asked anything, as {@link openSystem} does. @throws Fault for a ranking, too */
export async function openAskable(model: string, options: SystemOptions): Promise<System> {
  const system = await openSystem(model, options);
  if (system.readsQueries) return system;
  throw new Fault(`Expected a model that reads questions, got the ranking ${model}. Name bm25, a folder or a hub id.`);
}

/** Whether a system embeds texts, and so needs a backend. */
export function isEncoder(model: string): boolean {
  return !Object.hasOwn(bm25s, model) && !isRunFile(model);
}

function isServer(model: string): boolean {
  return /\.ya?ml$/.test(model);
}

/** Whether a model is a file: a ranking that something else made. */
function isRunFile(model: string): boolean {
  return !isServer(model) && (statSync(model, { throwIfNoEntry: false })?.isFile() ?? false);
}

function bm25System(name: string, variant: Bm25Variant): System {
  return {
    name,
    readsQueries: true,
    index: async (corpus) => {
      const began = performance.now();
      const index = new Bm25(corpus, variant);
      const seconds = (performance.now() - began) / 1000;
      return {
        cost: { where: 'machine', seconds, tokens: null, bytes: index.bytes },
        ask: async (queries) => ({
          cost: { seconds: 0, tokens: null },
          rank: (depth, pool) =>
            new Map(
              queries.map(({ id, text, excluded }) => {
                const only = pool && (pool.get(id) ?? []).map((one) => one.id);
                return [id, index.search(text, depth, excluded, only)];
              }),
            ),
        }),
      };
    },
    dispose: () => {},
  };
}

function runSystem(file: string): System {
  const run = readRun(file);
  const rank: Ranker = (depth, pool) =>
    new Map(
      Array.from(run, ([query, ranked]) => {
        if (pool === undefined) return [query, ranked.slice(0, depth)];
        const held = new Set(pool.get(query)?.map(({ id }) => id));
        return [query, ranked.filter(({ id }) => held.has(id)).slice(0, depth)];
      }),
    );
  return {
    name: basename(file, extname(file)),
    readsQueries: false,
    index: async () => ({ cost: null, ask: async () => ({ cost: { seconds: 0, tokens: null }, rank }) }),
    dispose: () => {},
  };
}
