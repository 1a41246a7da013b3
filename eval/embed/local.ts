import { getBackend } from '@tensorflow/tfjs-core';
import { tokenize } from '../../data/token-cache.js';
import { tokenizationOf } from '../../data/tokens/tokenization.js';
import { encode } from '../../encoder/encode.js';
import { disposeEncoder, loadEncoder } from '../../encoder/encoder.js';
import { fetchModel } from '../../encoder/fetch/fetch-model.js';
import { readSettings } from '../../encoder/settings.js';
import { weightsHash } from '../../encoder/weights-hash.js';
import { Fault } from '../../plan/fault.js';
import { finalCheckpoint, modelName } from '../../plan/run-layout.js';
import type { Precision } from '../../plan/schema.js';
import { hashOf } from '../kept-index.js';
import type { Embedder } from './embedder.js';

/**
 * An encoder on the running backend.
 *
 * @param model a run folder (its best checkpoint, or its last), a checkpoint or any sentence-transformers folder, or a hub id
 * @param precision what its layers compute in
 * @throws Fault when there is none, or the backend has no such precision
 */
export async function openLocalEmbedder(model: string, precision: Precision): Promise<Embedder> {
  if (precision !== 'float32' && getBackend() !== 'torch') {
    throw new Fault(
      `Expected float32 for --precision on ${getBackend()}, got ${precision}. Leave it away, or run "npm run setup" for the torch backend.`,
    );
  }
  const folder = finalCheckpoint(model) ?? (await fetchModel(model));
  const encoder = loadEncoder(folder, readSettings(folder), null, precision);
  const { tokenizer, settings, architecture } = encoder;
  return {
    name: precision === 'float32' ? modelName(model) : `${modelName(model)}-${precision}`,
    where: 'machine',
    identity: async () => ({
      weights: await weightsHash(folder),
      // float32 is not named, so that an index kept before there was a choice is still one of it.
      settings: hashOf([
        settings,
        architecture.hidden,
        tokenizer.hash,
        ...(precision === 'float32' ? [] : [precision]),
      ]),
    }),
    embed: async (side, texts, onProgress) => {
      const sequences = await tokenize(texts, tokenizationOf(encoder, side));
      const vectors = encode(encoder, sequences, side, (done) => onProgress?.(done, texts.length));
      return { ...vectors, tokens: sequences.reduce((sum, { length }) => sum + length, 0) };
    },
    dispose: () => disposeEncoder(encoder),
  };
}
