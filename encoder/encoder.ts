import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import { Fault } from '../plan/fault.js';
import type { Precision } from '../plan/schema.js';
import { normalize } from '../tensor/normalize.js';
import type { Parameter } from '../tensor/parameter.js';
import { pool } from '../tensor/pool.js';
import { raise } from '../tensor/precision.js';
import type { Architecture } from './architectures/architecture.js';
import { Layers } from './architectures/layers.js';
import { readArchitecture } from './architectures/read.js';
import type { Lora } from './lora.js';
import type { Packed } from './pack.js';
import { randomWeights } from './random-weights.js';
import type { HostTensor } from './safetensors.js';
import { type EncoderSettings, readSettings } from './settings.js';
import { loadTokenizer, readTokenizerFiles, type Tokenizer } from './tokenizer.js';
import { divide, type Trained, type Training } from './training.js';
import { loadWeights, weightsOf } from './weights.js';

/** A text encoder on the running backend: weights, tokenizer, and how its hidden states become one vector. */
export interface Encoder {
  /** The text of its config.json, and the files of its tokenizer by name: a checkpoint is written from them. */
  readonly configText: string;
  readonly tokenizerFiles: ReadonlyMap<string, Uint8Array>;
  readonly architecture: Architecture;
  readonly settings: EncoderSettings;
  /** What its layers compute in; weights are float32 in any case. */
  readonly precision: Precision;
  readonly tokenizer: Tokenizer;
  /** Tokens at the beginning of each side's sequences that pooling leaves out: its prompt's, or none. */
  readonly skip: Readonly<Record<Side, number>>;
  /** The weights that training changes: all, where the encoder was not loaded for training. */
  readonly parameters: readonly Parameter[];
  readonly frozen: readonly Parameter[];
  readonly lora: Lora | null;
  /** Whether the backward pass computes each layer anew. */
  readonly recompute: boolean;
  readonly untouched: ReadonlyMap<string, HostTensor>;
}

export type Side = 'query' | 'document';

/**
 * Loads an encoder from a hub-layout folder, with the settings that it was saved with or those given, and for training
 * where that is given. Throws a Fault when a file is missing or does not fit the others.
 */
export function loadEncoder(
  folder: string,
  settings: EncoderSettings = readSettings(folder),
  training: Training | null = null,
  precision: Precision = 'float32',
): Encoder {
  const architecture = readArchitecture(folder);
  const { longest } = architecture;
  for (const side of ['query', 'document'] as const) {
    if (settings.max_length[side] > longest) {
      throw new Fault(
        `Expected model.max_length.${side} of at most ${longest}, the model's own, got ${settings.max_length[side]}. Lower it.`,
      );
    }
  }
  if (settings.attention === 'causal' && !architecture.decoder) {
    throw new Fault(
      `Expected model.attention: bidirectional for ${folder}, which is no decoder, got causal. Change it.`,
    );
  }
  const tokenizer = loadTokenizer(folder, architecture.vocabulary);
  const skip = promptTokens(tokenizer, settings);
  const { weights, untouched } = training?.random
    ? { weights: randomWeights(architecture.shapes, training.seed), untouched: new Map<string, HostTensor>() }
    : loadWeights(folder, architecture.shapes);
  const { parameters, frozen, lora } = training
    ? divideOrDispose(architecture, weights, training)
    : { parameters: weights, frozen: [], lora: null };
  const recompute = training?.recompute ?? false;
  const configText = readFileSync(join(folder, 'config.json'), 'utf8');
  const tokenizerFiles = readTokenizerFiles(folder);
  const weighed = { parameters, frozen, lora, recompute, untouched };
  return { configText, tokenizerFiles, architecture, settings, precision, tokenizer, skip, ...weighed };
}

function divideOrDispose(architecture: Architecture, weights: readonly Parameter[], training: Training): Trained {
  try {
    return divide(architecture, weights, training);
  } catch (error) {
    for (const weight of weights) weight.tensor.dispose();
    throw error;
  }
}

/**
 * Embeds a packed batch → [sequences, hidden], rows in the order in which the sequences were given to `pack`. A seed,
 * which training gives, turns LoRA's dropout on.
 */
export function embedPacked(encoder: Encoder, batch: Packed, seed: number | null = null): Tensor2D {
  const { architecture, settings, precision, parameters, frozen, lora, recompute } = encoder;
  const layers = new Layers(weightsOf(parameters, frozen), { precision, lora: lora?.plan ?? null, recompute, seed });
  const hidden = raise(architecture.forward(layers, batch, settings.attention));
  const pooled = pool(hidden, { pooling: settings.pooling, ...batch });
  return settings.normalize ? normalize(pooled) : pooled;
}

/** How many tokens each side's prompt takes that pooling is to leave out, counted as sentence-transformers counts. */
function promptTokens(tokenizer: Tokenizer, { prompt, pool_prompt, max_length }: EncoderSettings): Encoder['skip'] {
  const count = (side: Side): number => {
    if (pool_prompt || prompt[side] === '') return 0;
    const tokens = tokenizer.encode(prompt[side], Number.POSITIVE_INFINITY).length - tokenizer.after;
    if (tokens < max_length[side] - tokenizer.after) return tokens;
    throw new Fault(
      `Expected model.max_length.${side} above the ${tokens} tokens of model.prompt.${side}, got ${max_length[side]}. ` +
        'With pool_prompt: false nothing would be left to pool.',
    );
  };
  return { query: count('query'), document: count('document') };
}

/** Frees an encoder's weights. */
export function disposeEncoder(encoder: Encoder): void {
  for (const p of [...encoder.parameters, ...encoder.frozen]) p.tensor.dispose();
}
