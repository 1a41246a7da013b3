import { join } from 'node:path';
import { searchExact } from '../retrieval/dense.js';
import { cutInChunks } from './chunks.js';
import type { Embedder } from './embed/embedder.js';
import { fileName } from './file-name.js';
import { corpusHash, type DenseIndex, hashOf, keptIndex } from './kept-index.js';
import type { Corpus, Progress, System } from './system.js';

/**
 * Exact search over an embedder's vectors.
 *
 * @param options.chunk documents are embedded in pieces of so many words, and score as their best piece
 * @param options.keep vectors are kept in `<keep>/<corpus>/<system>` and reopened from there; null: not kept
 */
export function denseSystem(
  embedder: Embedder,
  { chunk, keep }: { readonly chunk: number | null; readonly keep: string | null },
): System {
  const name = chunk === null ? embedder.name : `${embedder.name}-chunk${chunk}`;
  const indexOf = async (corpus: Corpus, onProgress: Progress): Promise<DenseIndex> => {
    const make = () => embedCorpus(embedder, corpus, chunk, onProgress);
    if (keep === null) return make();
    const { weights, settings } = await embedder.identity();
    const of = { model: name, weights, settings: hashOf([settings, chunk]), corpus: corpusHash(corpus) };
    return keptIndex(join(keep, fileName(corpus.name), fileName(name)), of, corpus.ids, make);
  };
  return {
    name,
    readsQueries: true,
    index: async (corpus, onProgress) => {
      const index = await indexOf(corpus, onProgress);
      const bytes = index.values.byteLength + (index.starts?.byteLength ?? 0);
      return {
        cost: { where: embedder.where, seconds: index.seconds, tokens: index.tokens, bytes },
        ask: async (queries) => {
          const began = performance.now();
          const asked = await embedder.embed(
            'query',
            queries.map(({ text }) => text),
          );
          const excluded = queries.map((query) => query.excluded);
          return {
            cost: { seconds: (performance.now() - began) / 1000, tokens: asked.tokens },
            rank: (depth, pool) => {
              const only = pool && queries.map(({ id }) => (pool.get(id) ?? []).map((one) => one.id));
              const found = searchExact(asked, index, depth, { excluded, ...(only ? { only } : {}) });
              return new Map(queries.map(({ id }, i) => [id, found[i]!]));
            },
          };
        },
      };
    },
    dispose: embedder.dispose,
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
