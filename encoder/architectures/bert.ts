import type { Tensor2D } from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { attention } from '../../tensor/attention/attention.js';
import { residual } from '../../tensor/residual.js';
import { type Architecture, positionsOf, Shapes } from './architecture.js';
import { count, defineFamily, dividing } from './family.js';

/** BERT (Devlin et al. 2019), RoBERTa (Liu et al. 2019) and XLM-RoBERTa (Conneau et al. 2020). */
export const bert = defineFamily({
  types: ['bert', 'roberta', 'xlm-roberta'],
  fields: {
    vocab_size: count,
    hidden_size: count,
    num_hidden_layers: count,
    num_attention_heads: count,
    intermediate_size: count,
    max_position_embeddings: count,
    type_vocab_size: count.default(2),
    layer_norm_eps: z.number().positive().default(1e-12),
    pad_token_id: z.int().nonnegative().nullish(),
    hidden_act: z.literal('gelu').default('gelu'),
    position_embedding_type: z.literal('absolute').default('absolute'),
    is_decoder: z.literal(false).default(false),
    add_cross_attention: z.literal(false).default(false),
  },
  build: (config, type): Architecture => {
    const { hidden_size: hidden, num_hidden_layers: layers, intermediate_size: intermediate } = config;
    const heads = config.num_attention_heads;
    const width = dividing(hidden, heads, 'hidden_size', 'num_attention_heads');
    const eps = config.layer_norm_eps;
    // RoBERTa's positions come after its padding row.
    const firstPosition = type === 'bert' ? 0 : (config.pad_token_id ?? 1) + 1;
    const layerName = (i: number): string => `encoder.layer.${i}`;

    const shapes = new Shapes()
      .table('embeddings.word_embeddings', config.vocab_size, hidden)
      .table('embeddings.position_embeddings', config.max_position_embeddings, hidden)
      .table('embeddings.token_type_embeddings', config.type_vocab_size, hidden)
      .norm('embeddings.LayerNorm', hidden);
    for (let i = 0; i < layers; i++) {
      const name = layerName(i);
      for (const part of ['query', 'key', 'value']) shapes.dense(`${name}.attention.self.${part}`, hidden, hidden);
      shapes
        .dense(`${name}.attention.output.dense`, hidden, hidden)
        .norm(`${name}.attention.output.LayerNorm`, hidden)
        .dense(`${name}.intermediate.dense`, hidden, intermediate)
        .dense(`${name}.output.dense`, intermediate, hidden)
        .norm(`${name}.output.LayerNorm`, hidden);
    }

    return {
      vocabulary: config.vocab_size,
      hidden,
      layers,
      intermediate,
      longest: config.max_position_embeddings - firstPosition,
      decoder: false,
      attention: 'bidirectional',
      // RoBERTa's tables have one row, or rows that its pre-training never used.
      tokenTypes: type === 'bert' ? config.type_vocab_size : 1,
      shapes,
      layerName,
      forward: (at, { ids, offsets, types }) => {
        const words = at.embed('embeddings.word_embeddings', ids);
        const places = at.embed('embeddings.position_embeddings', positionsOf(offsets, firstPosition));
        const kinds = at.embed('embeddings.token_type_embeddings', types ?? new Int32Array(ids.length));
        const layer = (x: Tensor2D, name: string): Tensor2D => {
          const [q, k, v] = ['query', 'key', 'value'].map((part) => at.dense(x, `${name}.attention.self.${part}`));
          const mixed = attention(q!, k!, v!, { heads, width, offsets });
          const [first, last] = [`${name}.attention.output`, `${name}.output`];
          const seen = at.denseNorm(mixed, `${first}.dense`, x, `${first}.LayerNorm`, eps);
          const wide = at.denseGelu(seen, `${name}.intermediate.dense`);
          return at.denseNorm(wide, `${last}.dense`, seen, `${last}.LayerNorm`, eps);
        };
        let x = at.layerNorm(residual(residual(words, kinds), places), 'embeddings.LayerNorm', eps);
        for (let i = 0; i < layers; i++) x = at.layer(layerName(i), [x], (given) => layer(given, layerName(i)));
        return x;
      },
    };
  },
});
