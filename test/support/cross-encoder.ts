import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../plan/places.js';

/** A tiny random cross-encoder, or a file of it; test/encoder/cross-encoders/make.py made them. */
export function crossEncoderFixture(...parts: string[]): string {
  return join(packageRoot, 'test/encoder/cross-encoders', ...parts);
}

/** Pairs, and what transformers and sentence-transformers made of them. */
export interface PairReference {
  readonly pairs: readonly (readonly [string, string])[];
  readonly ids: readonly number[][];
  readonly types: readonly (number[] | null)[];
  readonly logits: readonly number[][];
  readonly scores: readonly (number | number[])[];
}

export function pairReference(model: string): PairReference {
  return JSON.parse(readFileSync(crossEncoderFixture(model, 'reference.json'), 'utf8')) as PairReference;
}
