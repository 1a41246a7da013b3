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
import type { Packed } from './pack.js';
import type { HostTensor } from './safetensors.js';
import { type EncoderSettings, readSettings } from './settings.js';
import { loadTokenizer, type Tokenizer } from './tokenizer.js';
import { loadWeights, weightsOf } from './weights.js';

/** A text encoder on the running backend: weights, tokenizer, and how its hidden states become one vector. */
export interface Encoder {
  /** Where it was loaded from; a checkpoint copies its config and tokenizer from there. */
  readonly folder: string;
  readonly architecture: Architecture;
  readonly settings: EncoderSettings;
  /** What its layers compute in; weights are float32 in any case. */
  readonly precision: Precision;
  readonly tokenizer: Tokenizer;
  readonly parameters: readonly Parameter[];
  readonly untouched: ReadonlyMap<string, HostTensor>;
}

export type Side = 'query' | 'document';

/**
 * Loads an encoder from a hub-layout folder, with the settings that it was saved with or those given. Throws a Fault
 * when a file is missing or does not fit the others.
 */
export function loadEncoder(
  folder: string,
  settings: EncoderSettings = readSettings(folder),
  precision: Precision = 'float32',
): Encoder {
  const architecture = readArchitecture(folder);
  const { longest } = architecture;
  for (const side of ['query', 'document'] as const) {
    if (settings.max_length[side] > longest) {
      throw new Fault(
        `Expected model.max_length.${side} of at most ${longest}, the model's own, got ${settings.max_length[side]}.`,
      );
    }
  }
  const tokenizer = loadTokenizer(folder, architecture.vocabulary);
  const { parameters, untouched } = loadWeights(folder, architecture.shapes);
  return { folder, architecture, settings, precision, tokenizer, parameters, untouched };
}

/** Embeds a packed batch → [sequences, hidden], rows in the order in which the sequences were given to `pack`. */
export function embedPacked({ architecture, settings, precision, parameters }: Encoder, batch: Packed): Tensor2D {
  const hidden = raise(architecture.forward(new Layers(weightsOf(parameters), precision), batch, 'bidirectional'));
  const pooled = pool(hidden, settings.pooling, batch.offsets, batch.rows);
  return settings.normalize ? normalize(pooled) : pooled;
}

/** Frees an encoder's weights. */
export function disposeEncoder(encoder: Encoder): void {
  for (const p of encoder.parameters) p.tensor.dispose();
}
