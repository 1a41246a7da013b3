import type { Tensor2D } from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { attention } from '../../tensor/attention/attention.js';
import { everything, type Window } from '../../tensor/attention/shape.js';
import { gatedGelu } from '../../tensor/gated-gelu.js';
import { residual } from '../../tensor/residual.js';
import { rope } from '../../tensor/rope.js';
import { splitColumns } from '../../tensor/split-columns.js';
import { type Architecture, positionsOf, Shapes } from './architecture.js';
import { count, defineFamily, dividing } from './family.js';
import { ropeFrequencies, ropeParameters, ropeTables } from './rope.js';

const kinds = ['full_attention', 'sliding_attention'] as const;

/** ModernBERT (Warner et al. 2024): rotary positions, global attention in one layer of three and local in the others. */
export const modernbert = defineFamily({
  types: ['modernbert'],
  fields: {
    vocab_size: count,
    hidden_size: count,
    num_hidden_layers: count,
    num_attention_heads: count,
    intermediate_size: count,
    max_position_embeddings: count,
    norm_eps: z.number().positive().default(1e-5),
    norm_bias: z.boolean().default(false),
    attention_bias: z.boolean().default(false),
    mlp_bias: z.boolean().default(false),
    hidden_activation: z.literal('gelu').default('gelu'),
    position_embedding_type: z.enum(['absolute', 'sans_pos']).optional(),
    local_attention: count.default(128),
    global_attn_every_n_layers: count.default(3),
    layer_types: z.array(z.enum(kinds)).nullish(),
    global_rope_theta: z.number().positive().default(160_000),
    local_rope_theta: z.number().positive().nullish(),
    rope_parameters: z.strictObject({ full_attention: ropeParameters, sliding_attention: ropeParameters }).nullish(),
    // What these choose does not change the numbers beyond rounding.
    reference_compile: z.boolean().nullish(),
    repad_logits_with_grad: z.boolean().nullish(),
    deterministic_flash_attn: z.boolean().nullish(),
    sparse_prediction: z.boolean().nullish(),
    sparse_pred_ignore_index: z.int().nullish(),
    layer_norm_eps: z.number().optional(),
  },
  build: (config): Architecture => {
    const { hidden_size: hidden, num_hidden_layers: layers, intermediate_size: intermediate } = config;
    const heads = config.num_attention_heads;
    const width = dividing(hidden, heads, 'hidden_size', 'num_attention_heads');
    const eps = config.norm_eps;
    const kindOf = (i: number): (typeof kinds)[number] =>
      config.layer_types?.[i] ?? (i % config.global_attn_every_n_layers === 0 ? 'full_attention' : 'sliding_attention');
    const thetas = { full_attention: config.global_rope_theta, sliding_attention: config.local_rope_theta ?? 10_000 };
    const frequencies = kinds.map((kind) => ropeFrequencies(config.rope_parameters?.[kind] ?? {}, thetas[kind], width));
    const reach = Math.floor(config.local_attention / 2);
    const windows = { full_attention: everything, sliding_attention: [reach, reach] as Window };
    const layerName = (i: number): string => `layers.${i}`;

    const shapes = new Shapes()
      .table('embeddings.tok_embeddings', config.vocab_size, hidden)
      .norm('embeddings.norm', hidden, { bias: config.norm_bias });
    for (let i = 0; i < layers; i++) {
      const name = layerName(i);
      // The first layer's input is normalized already.
      if (i > 0) shapes.norm(`${name}.attn_norm`, hidden, { bias: config.norm_bias });
      shapes
        .dense(`${name}.attn.Wqkv`, hidden, 3 * hidden, { bias: config.attention_bias })
        .dense(`${name}.attn.Wo`, hidden, hidden, { bias: config.attention_bias })
        .norm(`${name}.mlp_norm`, hidden, { bias: config.norm_bias })
        .dense(`${name}.mlp.Wi`, hidden, 2 * intermediate, { bias: config.mlp_bias })
        .dense(`${name}.mlp.Wo`, intermediate, hidden, { bias: config.mlp_bias });
    }
    shapes.norm('final_norm', hidden, { bias: config.norm_bias });

    return {
      vocabulary: config.vocab_size,
      hidden,
      layers,
      intermediate: 2 * intermediate,
      longest: config.max_position_embeddings,
      decoder: false,
      attention: 'bidirectional',
      tokenTypes: 1,
      shapes,
      layerName,
      forward: (at, { ids, offsets }) => {
        const positions = positionsOf(offsets);
        const [full, sliding] = frequencies.map((of) => ropeTables(positions, of));
        let x = at.layerNorm(at.embed('embeddings.tok_embeddings', ids), 'embeddings.norm', eps);
        for (let i = 0; i < layers; i++) {
          const name = layerName(i);
          const kind = kindOf(i);
          const { cos, sin } = (kind === 'full_attention' ? full : sliding)!;
          x = at.layer(name, [x, cos, sin], (given, cosines, sines) => {
            const normed = i > 0 ? at.layerNorm(given, `${name}.attn_norm`, eps) : given;
            const [q, k, v] = splitColumns(at.dense(normed, `${name}.attn.Wqkv`), 3) as [Tensor2D, Tensor2D, Tensor2D];
            const [queries, keys] = [rope(q, cosines, sines), rope(k, cosines, sines)];
            const mixed = attention(queries, keys, v, { heads, width, offsets, window: windows[kind] });
            const seen = residual(given, at.dense(mixed, `${name}.attn.Wo`));
            const wide = gatedGelu(at.dense(at.layerNorm(seen, `${name}.mlp_norm`, eps), `${name}.mlp.Wi`));
            return residual(seen, at.dense(wide, `${name}.mlp.Wo`));
          });
        }
        return at.layerNorm(x, 'final_norm', eps);
      },
    };
  },
});
