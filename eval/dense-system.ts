import { tokenize } from '../data/token-cache.js';
import { encode, type Vectors } from '../encoder/encode.js';
import type { Encoder, Side } from '../encoder/encoder.js';
import { type Documents, searchExact } from '../retrieval/dense.js';
import type { Run } from '../retrieval/ranking.js';
import { cutInChunks } from './chunks.js';
import type { Progress, Ranker } from './system.js';

/** A query as a ranker needs it. */
interface Asked {
  readonly id: string;
  readonly text: string;
  readonly excluded: readonly string[];
}

/** Embeds a corpus: a vector a document, or, where `chunk` is given, one for each piece of so many words. */
export async function embedCorpus(
  encoder: Encoder,
  { ids, texts }: { readonly ids: readonly string[]; readonly texts: readonly string[] },
  chunk: number | null,
  onProgress: Progress = () => {},
): Promise<Documents> {
  const pieces = chunk === null ? { texts } : cutInChunks(texts, chunk);
  const vectors = await embed(encoder, 'document', pieces.texts, (done) => onProgress(done, pieces.texts.length));
  return { ids, ...vectors, ...('starts' in pieces ? { starts: pieces.starts } : {}) };
}

/** Embeds queries and searches for them, over all documents or within a pool. */
export async function denseRanker(encoder: Encoder, documents: Documents, queries: readonly Asked[]): Promise<Ranker> {
  const asked = await embed(
    encoder,
    'query',
    queries.map(({ text }) => text),
  );
  const excluded = queries.map((query) => query.excluded);
  return (depth, pool) => {
    const only = pool && queries.map(({ id }) => (pool.get(id) ?? []).map((one) => one.id));
    const found = searchExact(asked, documents, depth, { excluded, ...(only ? { only } : {}) });
    return new Map(queries.map(({ id }, i) => [id, found[i]!])) satisfies Run;
  };
}

async function embed(
  encoder: Encoder,
  side: Side,
  texts: readonly string[],
  onDone?: (done: number) => void,
): Promise<Vectors> {
  const { tokenizer, settings } = encoder;
  const tokens = await tokenize(texts, {
    tokenizer,
    prompt: settings.prompt[side],
    maxLength: settings.max_length[side],
  });
  return encode(encoder, tokens, side, onDone);
}
