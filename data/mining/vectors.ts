import { createHash } from 'node:crypto';
import { encode, type Vectors } from '../../encoder/encode.js';
import { disposeEncoder, type Encoder, loadEncoder, type Side } from '../../encoder/encoder.js';
import { fetchModel } from '../../encoder/fetch/fetch-model.js';
import { weightsHash } from '../../encoder/weights-hash.js';
import { finalCheckpoint } from '../../plan/run-layout.js';
import { kept } from '../kept.js';
import { asked, type Source } from '../pairs.js';
import { openTokens, type TokenStore } from '../tokens/store.js';
import { tokenizationOf } from '../tokens/tokenization.js';

/** A source's texts as a model sees them. */
export interface SourceVectors {
  readonly model: string;
  /** SHA-256 of the model's weights. */
  readonly hash: string;
  readonly queries: Vectors;
  readonly documents: Vectors;
}

export type Progress = (what: string, done: number, of: number) => void;

// Texts whose vectors are kept together: what a stop loses at most.
const BLOCK = 1024;

/**
 * Embeds a source's texts, block by block; each block is kept on disk, named by the weights and the tokens that made it,
 * so a run that was stopped goes on where it was. Needs a running backend.
 * @param model a run folder (its best checkpoint, or its last), a folder, or a hub id
 */
export async function vectorsOf(source: Source, model: string, onProgress: Progress): Promise<SourceVectors> {
  const folder = finalCheckpoint(model) ?? (await fetchModel(model));
  const encoder = loadEncoder(folder);
  const hash = await weightsHash(folder);
  const total = source.queries.length + source.documents.length;
  let before = 0;
  const embed = async (side: Side, texts: readonly string[]): Promise<Vectors> => {
    const from = before;
    before += texts.length;
    return embedAll(encoder, hash, side, texts, (done) => onProgress(`${model} on ${source.name}`, from + done, total));
  };
  const queries = await embed(
    'query',
    source.queries.map((text, i) => asked(source.instructions[i]!, text)),
  );
  const documents = await embed('document', source.documents);
  disposeEncoder(encoder);
  return { model, hash, queries, documents };
}

async function embedAll(
  encoder: Encoder,
  hash: string,
  side: Side,
  texts: readonly string[],
  onProgress: (done: number) => void,
): Promise<Vectors> {
  const tokens = await openTokens(texts, tokenizationOf(encoder, side));
  const make = (sequences: readonly Int32Array[]): Float32Array =>
    keptVectors(sequences, [hash, encoder.settings], () => encode(encoder, sequences, side).values);
  const vectors = await embedInBlocks(tokens, make, onProgress);
  tokens.close();
  return vectors;
}

/** Embeds all texts of a store, block by block. */
export async function embedInBlocks(
  tokens: TokenStore,
  embed: (sequences: readonly Int32Array[]) => Float32Array,
  onProgress: (done: number) => void = () => {},
): Promise<Vectors> {
  const { length } = tokens;
  const blocks: Float32Array[] = [];
  for (let first = 0; first < length; first += BLOCK) {
    const count = Math.min(BLOCK, length - first);
    blocks.push(embed(Array.from({ length: count }, (_, i) => tokens.at(first + i))));
    onProgress(first + count);
    // Lets signals in between two blocks.
    await new Promise((next) => setImmediate(next));
  }
  const width = blocks.length === 0 ? 1 : blocks[0]!.length / Math.min(BLOCK, length);
  const values = new Float32Array(length * width);
  blocks.forEach((block, i) => {
    values.set(block, i * BLOCK * width);
  });
  return { values, width };
}

/** A block's vectors, kept as float32. */
function keptVectors(
  sequences: readonly Int32Array[],
  key: readonly unknown[],
  make: () => Float32Array,
): Float32Array {
  const sum = createHash('sha256').update(JSON.stringify(['vectors-1', ...key]));
  for (const ids of sequences) sum.update(`${ids.length}:`).update(ids);
  const bytes = kept('vectors', `${sum.digest('hex').slice(0, 32)}.f32`, () => {
    const { buffer, byteOffset, byteLength } = make();
    return new Uint8Array(buffer, byteOffset, byteLength);
  });
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
}

/** The dot product of a query's and a document's vectors. */
export function scoreOf({ queries, documents }: SourceVectors, query: number, document: number): number {
  const { width } = queries;
  let sum = 0;
  for (let i = 0; i < width; i++) sum += queries.values[query * width + i]! * documents.values[document * width + i]!;
  return sum;
}
