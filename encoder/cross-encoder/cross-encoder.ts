import { join } from 'node:path';
import { type Tensor2D, tidy } from '@tensorflow/tfjs-core';
import { Fault } from '../../plan/fault.js';
import type { Parameter } from '../../tensor/parameter.js';
import { pool } from '../../tensor/pool.js';
import type { Architecture } from '../architectures/architecture.js';
import { Layers } from '../architectures/layers.js';
import { honoured, readArchitecture } from '../architectures/read.js';
import { readJson } from '../json.js';
import { pack } from '../pack.js';
import { loadTokenizer, type PairingTokenizer } from '../tokenizer.js';
import { loadWeights, weightsOf } from '../weights.js';
import { type Head, headOf } from './head.js';
import { type JoinPair, type PairTokens, pairTemplate } from './pair-template.js';
import { type CrossEncoderSettings, readCrossEncoderSettings } from './settings.js';

/** A model that reads two texts together (Nogueira & Cho 2019), without its weights. */
export interface CrossEncoder {
  readonly folder: string;
  readonly architecture: Architecture;
  readonly head: Head;
  readonly tokenizer: PairingTokenizer;
  readonly join: JoinPair;
  readonly settings: CrossEncoderSettings;
  /** The longest pair that it reads, in tokens. */
  readonly maxLength: number;
}

/**
 * Reads a cross-encoder's folder, as transformers or sentence-transformers saved it; its weights are loaded apart.
 *
 * @param maxLength tokens of the longest pair; null: as it was saved
 * @throws Fault a file that is missing, a model or a setting of it that is not implemented, by its name, and a length that
 * the model does not have
 */
export function readCrossEncoder(folder: string, maxLength: number | null = null): CrossEncoder {
  const file = join(folder, 'config.json');
  const config = (readJson(file) ?? {}) as Readonly<Record<string, unknown>>;
  const settings = readCrossEncoderSettings(folder);
  // Before the architecture, whose other classes may be known.
  const makeHead = honoured(file, () => headOf([config.architectures].flat()[0]));
  const architecture = readArchitecture(folder);
  const head = honoured(file, () => makeHead(architecture.hidden, settings.labels.length, config));
  const tokenizer = loadTokenizer(folder, architecture.vocabulary);
  const { longest } = architecture;
  if (maxLength !== null && maxLength > longest) {
    throw new Fault(`Expected max_length of at most ${longest}, the model's own, got ${maxLength}. Lower it.`);
  }
  const length = maxLength ?? Math.min(settings.maxLength ?? longest, longest);
  return { folder, architecture, head, tokenizer, join: pairTemplate(tokenizer, folder), settings, maxLength: length };
}

/** The weights of a cross-encoder on the running backend; whoever loads them disposes them. @throws Fault as `loadWeights` */
export function loadCrossEncoderWeights({ folder, architecture, head }: CrossEncoder): Parameter[] {
  return loadWeights(folder, new Map([...architecture.shapes, ...head.shapes])).weights;
}

/** A pair as the model reads it: the longer text loses its end first where both are too long for it. */
export function pairTokens({ tokenizer, join, maxLength }: CrossEncoder, first: string, second: string): PairTokens {
  const read = (most: number) => [tokenizer.bare(first, most), tokenizer.bare(second, most)] as const;
  const [a, b] = read(maxLength);
  // Of two that are cut here, which was the longer one decides who gets the odd token.
  const whole = a.length < maxLength || b.length < maxLength ? ([a, b] as const) : read(Number.POSITIVE_INFINITY);
  return join(...whole, maxLength);
}

/** Logits of pairs, row by row [pairs · labels], in one packed forward pass. */
export function logitsOf(
  { architecture, head, settings }: CrossEncoder,
  weights: readonly Parameter[],
  pairs: readonly PairTokens[],
): Float32Array {
  const types = settings.typed && architecture.tokenTypes > 1 ? pairs.map((pair) => pair.types) : null;
  const packed = pack(
    pairs.map(({ ids }) => ids),
    0,
    types,
  );
  return tidy(() => {
    const layers = new Layers(weightsOf(weights));
    const hidden = architecture.forward(layers, packed, 'bidirectional');
    const logits: Tensor2D = head.forward(layers, pool(hidden, { pooling: head.pooling, ...packed }));
    return logits.dataSync() as Float32Array;
  });
}
