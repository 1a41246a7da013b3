import { type Tensor1D, type Tensor2D, tensor1d, tidy } from '@tensorflow/tfjs-core';
import { attention } from '../tensor/attention.js';
import { embed } from '../tensor/embed.js';
import { gelu } from '../tensor/gelu.js';
import { layerNorm } from '../tensor/layer-norm.js';
import { linear } from '../tensor/linear.js';
import { residual } from '../tensor/residual.js';
import type { EncoderConfig } from './config.js';
import type { Packed } from './pack.js';
import type { Weights } from './weights.js';

/** Names and shapes of a BERT-family encoder's weights, in the hub's spelling without its model prefix. */
export function bertShapes(config: EncoderConfig): Map<string, number[]> {
  const { hidden, intermediate } = config;
  const shapes = new Map<string, number[]>([
    ['embeddings.word_embeddings.weight', [config.vocabulary, hidden]],
    ['embeddings.position_embeddings.weight', [config.positionRows, hidden]],
    ['embeddings.token_type_embeddings.weight', [config.tokenTypes, hidden]],
  ]);
  const norm = (name: string): void => {
    shapes.set(`${name}.weight`, [hidden]).set(`${name}.bias`, [hidden]);
  };
  const dense = (name: string, from: number, to: number): void => {
    shapes.set(`${name}.weight`, [to, from]).set(`${name}.bias`, [to]);
  };
  norm('embeddings.LayerNorm');
  for (let i = 0; i < config.layers; i++) {
    const layer = `encoder.layer.${i}`;
    for (const part of ['query', 'key', 'value']) dense(`${layer}.attention.self.${part}`, hidden, hidden);
    dense(`${layer}.attention.output.dense`, hidden, hidden);
    norm(`${layer}.attention.output.LayerNorm`);
    dense(`${layer}.intermediate.dense`, hidden, intermediate);
    dense(`${layer}.output.dense`, intermediate, hidden);
    norm(`${layer}.output.LayerNorm`);
  }
  return shapes;
}

/** BERT's forward pass (Devlin et al. 2019) over a packed batch, without dropout → hidden states [tokens, hidden]. */
export function bert(config: EncoderConfig, weights: Weights, batch: Packed): Tensor2D {
  const matrix = (name: string): Tensor2D => weights.get(name) as Tensor2D;
  const vector = (name: string): Tensor1D => weights.get(name) as Tensor1D;
  const dense = (x: Tensor2D, name: string): Tensor2D => linear(x, matrix(`${name}.weight`), vector(`${name}.bias`));
  const norm = (x: Tensor2D, name: string): Tensor2D =>
    layerNorm(x, vector(`${name}.weight`), vector(`${name}.bias`), config.eps);

  const words = embed(matrix('embeddings.word_embeddings.weight'), tensor1d(batch.ids, 'int32'));
  const positions = positionsOf(batch.offsets, config.firstPosition);
  const places = embed(matrix('embeddings.position_embeddings.weight'), tensor1d(positions, 'int32'));
  // A retriever reads one text at a time: every token is of type 0.
  const types = embed(
    matrix('embeddings.token_type_embeddings.weight'),
    tensor1d(new Int32Array(batch.ids.length), 'int32'),
  );
  const layer = (x: Tensor2D, name: string): Tensor2D => {
    const [q, k, v] = ['query', 'key', 'value'].map((part) => dense(x, `${name}.attention.self.${part}`));
    const mixed = attention(q as Tensor2D, k as Tensor2D, v as Tensor2D, config.heads, batch.offsets);
    const seen = norm(
      residual(dense(mixed, `${name}.attention.output.dense`), x),
      `${name}.attention.output.LayerNorm`,
    );
    const wide = gelu(dense(seen, `${name}.intermediate.dense`));
    return norm(residual(dense(wide, `${name}.output.dense`), seen), `${name}.output.LayerNorm`);
  };
  let x = norm(residual(residual(words, types), places), 'embeddings.LayerNorm');
  // A scope a layer: what the backward pass does not need is freed at the layer's end, not the network's.
  for (let i = 0; i < config.layers; i++) x = tidy(() => layer(x, `encoder.layer.${i}`));
  return x;
}

function positionsOf(offsets: Int32Array, first: number): Int32Array {
  const positions = new Int32Array(offsets.at(-1) as number);
  for (let i = 0; i + 1 < offsets.length; i++) {
    for (let t = offsets[i]!; t < offsets[i + 1]!; t++) positions[t] = first + t - offsets[i]!;
  }
  return positions;
}
