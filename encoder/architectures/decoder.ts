import type { Tensor2D } from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { attention } from '../../tensor/attention/attention.js';
import { everything, type Window } from '../../tensor/attention/shape.js';
import { residual } from '../../tensor/residual.js';
import { rope } from '../../tensor/rope.js';
import { swiglu } from '../../tensor/swiglu.js';
import { type Architecture, type AttentionKind, positionsOf, Shapes } from './architecture.js';
import { count, defineFamily, dividing } from './family.js';
import { ropeFields, ropeFrequencies, ropeOf, ropeTables } from './rope.js';

const layerKinds = z.array(z.enum(['full_attention', 'sliding_attention']));

/** Decoders as encoders: Llama (Touvron et al. 2023), Mistral (Jiang et al. 2023), Qwen 2 and Qwen 3 (2024, 2025). */
export const decoder = defineFamily({
  types: ['llama', 'mistral', 'qwen2', 'qwen3'],
  fields: {
    vocab_size: count,
    hidden_size: count,
    num_hidden_layers: count,
    num_attention_heads: count,
    num_key_value_heads: count.nullish(),
    head_dim: count.nullish(),
    intermediate_size: count,
    max_position_embeddings: count,
    rms_norm_eps: z.number().positive().default(1e-6),
    hidden_act: z.literal('silu').default('silu'),
    attention_bias: z.boolean().default(false),
    mlp_bias: z.boolean().default(false),
    is_causal: z.boolean().nullish(),
    sliding_window: count.nullish(),
    use_sliding_window: z.boolean().default(false),
    max_window_layers: z.int().nonnegative().nullish(),
    layer_types: layerKinds.nullish(),
    ...ropeFields,
  },
  build: (given, type): Architecture => {
    const config = { ...defaults[type], ...given };
    const { hidden_size: hidden, num_hidden_layers: layers, intermediate_size: intermediate } = config;
    const heads = config.num_attention_heads;
    const kvHeads = config.num_key_value_heads ?? heads;
    dividing(heads, kvHeads, 'num_attention_heads', 'num_key_value_heads');
    const width = config.head_dim ?? dividing(hidden, heads, 'hidden_size', 'num_attention_heads');
    const eps = config.rms_norm_eps;
    const frequencies = ropeFrequencies(ropeOf(config), 10_000, width);
    const queryNorms = type === 'qwen3';
    const projectionBias = type === 'qwen2' || (type !== 'mistral' && config.attention_bias);
    const outputBias = type !== 'qwen2' && projectionBias;
    const slides = slidingLayers(config, type);
    const layerName = (i: number): string => `layers.${i}`;

    const shapes = new Shapes().table('embed_tokens', config.vocab_size, hidden);
    for (let i = 0; i < layers; i++) {
      const name = layerName(i);
      const bias = { bias: projectionBias };
      const wide = { bias: type === 'llama' && config.mlp_bias };
      shapes
        .norm(`${name}.input_layernorm`, hidden, { bias: false })
        .dense(`${name}.self_attn.q_proj`, hidden, heads * width, bias)
        .dense(`${name}.self_attn.k_proj`, hidden, kvHeads * width, bias)
        .dense(`${name}.self_attn.v_proj`, hidden, kvHeads * width, bias)
        .dense(`${name}.self_attn.o_proj`, heads * width, hidden, { bias: outputBias })
        .norm(`${name}.post_attention_layernorm`, hidden, { bias: false })
        .dense(`${name}.mlp.gate_proj`, hidden, intermediate, wide)
        .dense(`${name}.mlp.up_proj`, hidden, intermediate, wide)
        .dense(`${name}.mlp.down_proj`, intermediate, hidden, wide);
      if (!queryNorms) continue;
      for (const part of ['q_norm', 'k_norm']) shapes.norm(`${name}.self_attn.${part}`, width, { bias: false });
    }
    shapes.norm('norm', hidden, { bias: false });

    return {
      vocabulary: config.vocab_size,
      hidden,
      layers,
      intermediate,
      longest: config.max_position_embeddings,
      decoder: true,
      attention: config.is_causal === false ? 'bidirectional' : 'causal',
      tokenTypes: 1,
      shapes,
      layerName,
      forward: (at, { ids, offsets }, kind) => {
        const causal = kind === 'causal';
        const mix = (x: Tensor2D, cos: Tensor2D, sin: Tensor2D, name: string, window: Window): Tensor2D => {
          const [q, k, v] = ['q', 'k', 'v'].map((part) => at.dense(x, `${name}.${part}_proj`));
          const [queries, keys] = queryNorms
            ? [at.rmsNorm(q!, `${name}.q_norm`, eps), at.rmsNorm(k!, `${name}.k_norm`, eps)]
            : [q!, k!];
          const shape = { heads, kvHeads, width, offsets, causal, window };
          return at.dense(attention(rope(queries, cos, sin), rope(keys, cos, sin), v!, shape), `${name}.o_proj`);
        };
        const feed = (x: Tensor2D, name: string): Tensor2D =>
          at.dense(swiglu(at.dense(x, `${name}.gate_proj`), at.dense(x, `${name}.up_proj`)), `${name}.down_proj`);
        const { cos, sin } = ropeTables(positionsOf(offsets), frequencies);
        let x = at.embed('embed_tokens', ids);
        for (let i = 0; i < layers; i++) {
          const name = layerName(i);
          const window = slides(i) ? windowOf(config.sliding_window, kind) : everything;
          x = at.layer(name, [x, cos, sin], (given, cosines, sines) => {
            const normed = at.rmsNorm(given, `${name}.input_layernorm`, eps);
            const seen = residual(given, mix(normed, cosines, sines, `${name}.self_attn`, window));
            return residual(seen, feed(at.rmsNorm(seen, `${name}.post_attention_layernorm`, eps), `${name}.mlp`));
          });
        }
        return at.rmsNorm(x, 'norm', eps);
      },
    };
  },
});

/** What transformers takes a field for that a model's config.json leaves out. */
const defaults: Readonly<Record<string, { num_key_value_heads?: number; head_dim?: number; sliding_window?: number }>> =
  {
    mistral: { num_key_value_heads: 8, sliding_window: 4096 },
    qwen2: { num_key_value_heads: 32, sliding_window: 4096 },
    qwen3: { num_key_value_heads: 32, head_dim: 128, sliding_window: 4096 },
  };

/** Which layers see a window alone, by each model's own rules. */
function slidingLayers(
  config: {
    readonly sliding_window?: number | null | undefined;
    readonly use_sliding_window: boolean;
    readonly max_window_layers?: number | null | undefined;
    readonly layer_types?: z.output<typeof layerKinds> | null | undefined;
  },
  type: string,
): (layer: number) => boolean {
  if (!config.sliding_window || type === 'llama') return () => false;
  if (type === 'mistral') return () => true;
  if (!config.use_sliding_window) return () => false;
  const { layer_types: kinds, max_window_layers: first = 28 } = config;
  return (i) => (kinds ? kinds[i] === 'sliding_attention' : i >= (first ?? 28));
}

/** transformers' windows: `size` tokens with the token itself when causal, else `size` to either side. */
function windowOf(size: number | null | undefined, kind: AttentionKind): Window {
  if (!size) return everything;
  return kind === 'causal' ? [size - 1, 0] : [size, size];
}
