import { existsSync, statSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import type { Collection } from '../data/beir.js';
import { tokenize } from '../data/token-cache.js';
import { encode } from '../encoder/encode.js';
import { disposeEncoder, type Encoder, loadEncoder, type Side } from '../encoder/encoder.js';
import { fetchModel } from '../encoder/fetch/fetch-model.js';
import { lastCheckpoint } from '../plan/run-layout.js';
import { Bm25 } from '../retrieval/bm25.js';
import { searchExact } from '../retrieval/dense.js';
import { readRun } from '../retrieval/files.js';
import type { Run } from '../retrieval/ranking.js';

/** Something that ranks a whole corpus for each query of a collection. */
export interface System {
  /** In tables and file names. */
  readonly name: string;
  search(collection: Collection, depth: number, onProgress: (done: number, of: number) => void): Run;
  dispose(): void;
}

/**
 * Opens what the user named: `bm25`, a run file, a run folder (its last checkpoint), a checkpoint or any
 * sentence-transformers folder, or a hub id. Throws a Fault when there is none. An encoder needs a running backend.
 */
export async function openSystem(model: string): Promise<System> {
  if (model === 'bm25') return { name: 'BM25', search: searchBm25, dispose: () => {} };
  if (isRunFile(model)) {
    const run = readRun(model);
    return { name: basename(model, extname(model)), search: () => run, dispose: () => {} };
  }
  const checkpoint = lastCheckpoint(model);
  const encoder = loadEncoder(checkpoint ?? (await fetchModel(model)));
  return {
    name: nameOf(model),
    search: (collection, depth, onProgress) => searchDense(encoder, collection, depth, onProgress),
    dispose: () => disposeEncoder(encoder),
  };
}

/** Whether a model is a file: a ranking that something else made. */
function isRunFile(model: string): boolean {
  return statSync(model, { throwIfNoEntry: false })?.isFile() ?? false;
}

/** Whether a system embeds texts, and so needs a backend. */
export function isEncoder(model: string): boolean {
  return model !== 'bm25' && !isRunFile(model);
}

/** `all-MiniLM-L6-v2` for a hub id, `run/step-000057` for a checkpoint, the folder's own name for a run. */
function nameOf(model: string): string {
  const name = basename(model);
  return existsSync(join(model, 'trainer')) ? `${basename(dirname(model))}/${name}` : name;
}

function searchBm25({ corpus, queries }: Collection, depth: number): Run {
  const index = new Bm25(corpus);
  return new Map(queries.map(({ id, text, excluded }) => [id, index.search(text, depth, excluded)]));
}

function searchDense(
  encoder: Encoder,
  { corpus, queries }: Collection,
  depth: number,
  onProgress: (done: number, of: number) => void,
): Run {
  const { tokenizer, settings } = encoder;
  const tokens = (side: Side, texts: readonly string[]): Int32Array[] =>
    tokenize(texts, { tokenizer, prompt: settings.prompt[side], maxLength: settings.max_length[side] });
  const all = corpus.texts.length + queries.length;
  const documents = encode(encoder, tokens('document', corpus.texts), 'document', (done) => onProgress(done, all));
  const asked = encode(
    encoder,
    tokens(
      'query',
      queries.map(({ text }) => text),
    ),
    'query',
    (done) => onProgress(corpus.texts.length + done, all),
  );
  const found = searchExact(
    asked,
    documents,
    corpus.ids,
    depth,
    queries.map(({ excluded }) => excluded),
  );
  return new Map(queries.map(({ id }, i) => [id, found[i] ?? []]));
}
