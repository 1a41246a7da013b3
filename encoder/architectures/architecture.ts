import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { Packed } from '../pack.js';
import type { Layers } from './layers.js';

/** Which tokens a token sees: its whole text, or itself and what came before (decoders alone know both). */
export type AttentionKind = 'bidirectional' | 'causal';

/** One encoder, as its config.json describes it: its weights' shapes and its forward pass. */
export interface Architecture {
  readonly vocabulary: number;
  readonly hidden: number;
  readonly layers: number;
  readonly intermediate: number;
  /** The longest sequence, in tokens. */
  readonly longest: number;
  /** Made to generate text: its attention may be causal. */
  readonly decoder: boolean;
  /** What its config.json says of its attention; transformers takes a decoder's as causal unless `is_causal` is false. */
  readonly attention: AttentionKind;
  /** How many texts of a sequence it learned to tell apart by {@link Packed.types}: 1, all alike. */
  readonly tokenTypes: number;
  /** Names and shapes of its weights, in the hub's spelling without the model's prefix. */
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  /** What the names of a layer's weights begin with, before a dot. */
  layerName(layer: number): string;
  /** Hidden states of a packed batch [tokens, hidden], without the dropout that the model was pre-trained with. */
  forward(layers: Layers, batch: Packed, attention: AttentionKind): Tensor2D;
}

/** Collects weights' names and shapes as PyTorch's modules have them. */
export class Shapes extends Map<string, readonly number[]> {
  table(name: string, rows: number, width: number): this {
    return this.set(`${name}.weight`, [rows, width]);
  }

  dense(name: string, from: number, to: number, { bias = true }: { bias?: boolean } = {}): this {
    this.set(`${name}.weight`, [to, from]);
    return bias ? this.set(`${name}.bias`, [to]) : this;
  }

  norm(name: string, width: number, { bias = true }: { bias?: boolean } = {}): this {
    this.set(`${name}.weight`, [width]);
    return bias ? this.set(`${name}.bias`, [width]) : this;
  }
}

/** The place of each token of a packed batch in its own sequence, the first at `first`. */
export function positionsOf(offsets: Int32Array, first = 0): Int32Array {
  const positions = new Int32Array(offsets.at(-1) as number);
  for (let i = 0; i + 1 < offsets.length; i++) {
    for (let t = offsets[i]!; t < offsets[i + 1]!; t++) positions[t] = first + t - offsets[i]!;
  }
  return positions;
}
