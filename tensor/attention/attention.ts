import type { Tensor2D } from '@tensorflow/tfjs-core';
import { defineOperation } from '../operation.js';
import { composeAttention, composeBiasGradient, composeGradient } from './composition.js';
import { torchAttention, torchBiasedGradient, torchGradient } from './cpu-kernels.js';
import { cudaAttention, cudaGradient } from './cuda-kernels.js';
import { packedAttention, packedGradient, servesPacked } from './packed-kernels.js';
import { type AttentionShape, everything, type Window } from './shape.js';

// Two operations of one forward pass: without a bias the gradient needs neither the bias nor the scores.

const plain = defineOperation<'q' | 'k' | 'v', AttentionShape>({
  name: 'Attention',
  results: 2,
  compose: composeAttention,
  torch: (aten, x, shape) => (servesPacked(aten, shape) ? packedAttention : torchAttention)(aten, x, shape),
  cuda: { forward: cudaAttention, gradient: cudaGradient },
  gradient: {
    of: ['q', 'k', 'v'],
    inputs: ['q', 'k', 'v'],
    outputs: true,
    compose: (dy, x, _y, shape) => composeGradient(dy, x, shape).qkv,
    torch: (aten, dy, x, y, shape) =>
      (servesPacked(aten, shape) ? packedGradient : torchGradient)(aten, dy, x, y, shape),
  },
});

const biased = defineOperation<'q' | 'k' | 'v' | 'bias', AttentionShape>({
  name: 'BiasedAttention',
  results: 2,
  compose: composeAttention,
  torch: torchAttention,
  cuda: null,
  gradient: {
    of: ['q', 'k', 'v', 'bias'],
    inputs: ['q', 'k', 'v', 'bias'],
    outputs: true,
    compose: (dy, x, _y, shape) => {
      const { qkv, scores } = composeGradient(dy, x, shape);
      return [...qkv, composeBiasGradient(scores, x.bias.shape[0] as number)];
    },
    torch: torchBiasedGradient,
  },
});

export interface AttentionOptions {
  readonly heads: number;
  /** Heads of k and v; `heads` when left out. */
  readonly kvHeads?: number;
  /** Numbers a head. */
  readonly width: number;
  /** Where each sequence begins, and the end of the last [sequences + 1]. */
  readonly offsets: Int32Array;
  /** A token sees itself and what came before it; false when left out. */
  readonly causal?: boolean;
  /** How far a token sees to its left and right, as flash-attn counts; all when left out. */
  readonly window?: Window;
  /** Added to the scaled scores by distance [2 · reach + 1, heads]: row reach + d where the key is d after the query. */
  readonly bias?: Tensor2D;
}

/**
 * Scaled dot-product attention within each sequence of a packed batch (Vaswani et al. 2017). There is no padding.
 * q [tokens, heads · width], k and v [tokens, kvHeads · width] → [tokens, heads · width].
 */
export function attention(q: Tensor2D, k: Tensor2D, v: Tensor2D, options: AttentionOptions): Tensor2D {
  const { bias, heads, kvHeads = heads, width, offsets, causal = false, window = everything } = options;
  const shape: AttentionShape = { heads, kvHeads, width, offsets, causal, window };
  return (bias ? biased({ q, k, v, bias }, shape) : plain({ q, k, v }, shape)) as Tensor2D;
}
