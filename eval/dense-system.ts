import { join } from 'node:path';
import { Fault } from '../plan/fault.js';
import type { ApproximateIndex } from '../retrieval/approximate.js';
import { type Rows, searchExact } from '../retrieval/dense.js';
import { cutInChunks } from './chunks.js';
import type { Embedder } from './embed/embedder.js';
import { fileName } from './file-name.js';
import { keptGraph } from './kept-graph.js';
import { corpusHash, type DenseIndex, hashOf, keptIndex } from './kept-index.js';
import type { Corpus, Progress, Query, Ranker, System } from './system.js';

export interface DenseOptions {
  /** Documents are embedded in pieces of so many words, and score as their best piece; null: whole. */
  readonly chunk: number | null;
  /** Vectors are kept in `<keep>/<corpus>/<system>` and reopened from there; null: not kept. */
  readonly keep: string | null;
  /** Searched by a graph of near neighbours, for at most so many documents a query; null: exactly. */
  readonly approximate: { readonly depth: number } | null;
}

/** A corpus's vectors, and the graph over them where there is one. */
interface Opened {
  readonly index: DenseIndex;
  readonly graph: { readonly search: ApproximateIndex['search']; readonly seconds: number } | null;
}

/**
 * Search over an embedder's vectors.
 *
 * @throws Fault pieces with a graph, which has one vector a document
 */
export function denseSystem(embedder: Embedder, { chunk, keep, approximate }: DenseOptions): System {
  if (chunk !== null && approximate !== null) {
    throw new Fault('Expected exact search with --chunk, got approximate. Leave one of the two away.');
  }
  const stem = chunk === null ? embedder.name : `${embedder.name}-chunk${chunk}`;
  const open = async (corpus: Corpus, onProgress: Progress): Promise<Opened> => {
    const make = () => embedCorpus(embedder, corpus, chunk, onProgress);
    if (keep === null) {
      const index = await make();
      return { index, graph: approximate && (await keptGraph(null, index, approximate.depth)) };
    }
    const { weights, settings } = await embedder.identity();
    const of = { model: stem, weights, settings: hashOf([settings, chunk]), corpus: corpusHash(corpus) };
    const folder = join(keep, fileName(corpus.name), fileName(stem));
    const index = await keptIndex(folder, of, corpus.ids, make);
    return { index, graph: approximate && (await keptGraph({ folder, of }, index, approximate.depth)) };
  };
  return {
    name: approximate === null ? stem : `${stem}-approximate`,
    readsQueries: true,
    index: async (corpus, onProgress) => {
      const { index, graph } = await open(corpus, onProgress);
      // A graph holds the vectors again.
      const bytes = index.values.byteLength * (graph ? 2 : 1) + (index.starts?.byteLength ?? 0);
      const seconds = index.seconds + (graph?.seconds ?? 0);
      return {
        cost: { where: embedder.where, seconds, tokens: index.tokens, bytes },
        ask: async (queries) => {
          const began = performance.now();
          const asked = await embedder.embed(
            'query',
            queries.map(({ text }) => text),
          );
          const rank = exactRanker(asked, index, queries);
          return {
            cost: { seconds: (performance.now() - began) / 1000, tokens: asked.tokens },
            ...(graph ? { rank: graphRanker(asked, graph, queries, rank), exact: rank } : { rank }),
          };
        },
      };
    },
    dispose: embedder.dispose,
  };
}

function exactRanker(asked: Rows, index: DenseIndex, queries: readonly Query[]): Ranker {
  const excluded = queries.map((query) => query.excluded);
  return (depth, pool) => {
    const only = pool && queries.map(({ id }) => (pool.get(id) ?? []).map((one) => one.id));
    const found = searchExact(asked, index, depth, { excluded, ...(only ? { only } : {}) });
    return new Map(queries.map(({ id }, i) => [id, found[i]!]));
  };
}

/** A graph leads to what is near, not to a pool: that is ranked exactly. */
function graphRanker(
  asked: Rows,
  { search }: NonNullable<Opened['graph']>,
  queries: readonly Query[],
  exact: Ranker,
): Ranker {
  const excluded = queries.map((query) => query.excluded);
  return (depth, pool) => {
    if (pool) return exact(depth, pool);
    const found = search(asked, depth, excluded);
    return new Map(queries.map(({ id }, i) => [id, found[i]!]));
  };
}

/** A vector a document, or, where `chunk` is given, one for each piece of so many words. */
async function embedCorpus(
  embedder: Embedder,
  { ids, texts }: Corpus,
  chunk: number | null,
  onProgress: Progress,
): Promise<DenseIndex> {
  const began = performance.now();
  const pieces = chunk === null ? { texts } : cutInChunks(texts, chunk);
  const vectors = await embedder.embed('document', pieces.texts, onProgress);
  const seconds = (performance.now() - began) / 1000;
  return { ids, ...vectors, seconds, ...('starts' in pieces ? { starts: pieces.starts } : {}) };
}
