import type { Tensor2D } from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { attention } from '../../tensor/attention/attention.js';
import { residual } from '../../tensor/residual.js';
import { type Architecture, positionsOf, Shapes } from './architecture.js';
import { count, defineFamily, dividing } from './family.js';

// Not in the config: transformers has it in the code.
const eps = 1e-12;

/** DistilBERT (Sanh et al. 2019): half of BERT's layers, and no token types. */
export const distilbert = defineFamily({
  types: ['distilbert'],
  fields: {
    vocab_size: count,
    dim: count,
    n_layers: count,
    n_heads: count,
    hidden_dim: count,
    max_position_embeddings: count,
    activation: z.literal('gelu').default('gelu'),
    // They are stored like learned ones: it matters for new weights alone.
    sinusoidal_pos_embds: z.boolean().default(false),
  },
  build: (config): Architecture => {
    const { dim: hidden, n_layers: layers, n_heads: heads, hidden_dim: intermediate } = config;
    const width = dividing(hidden, heads, 'dim', 'n_heads');
    const layerName = (i: number): string => `transformer.layer.${i}`;

    const shapes = new Shapes()
      .table('embeddings.word_embeddings', config.vocab_size, hidden)
      .table('embeddings.position_embeddings', config.max_position_embeddings, hidden)
      .norm('embeddings.LayerNorm', hidden);
    for (let i = 0; i < layers; i++) {
      const name = layerName(i);
      for (const part of ['q_lin', 'k_lin', 'v_lin', 'out_lin']) {
        shapes.dense(`${name}.attention.${part}`, hidden, hidden);
      }
      shapes
        .norm(`${name}.sa_layer_norm`, hidden)
        .dense(`${name}.ffn.lin1`, hidden, intermediate)
        .dense(`${name}.ffn.lin2`, intermediate, hidden)
        .norm(`${name}.output_layer_norm`, hidden);
    }

    return {
      vocabulary: config.vocab_size,
      hidden,
      layers,
      intermediate,
      longest: config.max_position_embeddings,
      decoder: false,
      attention: 'bidirectional',
      tokenTypes: 1,
      shapes,
      layerName,
      forward: (at, { ids, offsets }) => {
        const words = at.embed('embeddings.word_embeddings', ids);
        const places = at.embed('embeddings.position_embeddings', positionsOf(offsets));
        const layer = (x: Tensor2D, name: string): Tensor2D => {
          const [q, k, v] = ['q_lin', 'k_lin', 'v_lin'].map((part) => at.dense(x, `${name}.attention.${part}`));
          const mixed = attention(q!, k!, v!, { heads, width, offsets });
          const seen = at.denseNorm(mixed, `${name}.attention.out_lin`, x, `${name}.sa_layer_norm`, eps);
          const wide = at.denseGelu(seen, `${name}.ffn.lin1`);
          return at.denseNorm(wide, `${name}.ffn.lin2`, seen, `${name}.output_layer_norm`, eps);
        };
        let x = at.layerNorm(residual(words, places), 'embeddings.LayerNorm', eps);
        for (let i = 0; i < layers; i++) x = at.layer(layerName(i), [x], (given) => layer(given, layerName(i)));
        return x;
      },
    };
  },
});
