import type { Tensor2D } from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { attention } from '../../tensor/attention/attention.js';
import { residual } from '../../tensor/residual.js';
import { longestOf } from '../../tensor/runs.js';
import { type Architecture, positionsOf, Shapes } from './architecture.js';
import { count, defineFamily, dividing } from './family.js';

// transformers has these in the code: buckets of distance, the distance from which all share the last, and the row of
// the position table that is padding.
const [buckets, farthest, paddingRow] = [32, 128, 1];

/** MPNet (Song et al. 2020): BERT with a learned bias for how far apart two tokens are, the same in every layer. */
export const mpnet = defineFamily({
  types: ['mpnet'],
  fields: {
    vocab_size: count,
    hidden_size: count,
    num_hidden_layers: count,
    num_attention_heads: count,
    intermediate_size: count,
    max_position_embeddings: count,
    layer_norm_eps: z.number().positive().default(1e-12),
    hidden_act: z.literal('gelu').default('gelu'),
    relative_attention_num_buckets: z.literal(buckets).default(buckets),
  },
  build: (config): Architecture => {
    const { hidden_size: hidden, num_hidden_layers: layers, intermediate_size: intermediate } = config;
    const heads = config.num_attention_heads;
    const width = dividing(hidden, heads, 'hidden_size', 'num_attention_heads');
    const eps = config.layer_norm_eps;
    const firstPosition = paddingRow + 1;
    const layerName = (i: number): string => `encoder.layer.${i}`;

    const shapes = new Shapes()
      .table('embeddings.word_embeddings', config.vocab_size, hidden)
      .table('embeddings.position_embeddings', config.max_position_embeddings, hidden)
      .norm('embeddings.LayerNorm', hidden);
    for (let i = 0; i < layers; i++) {
      const name = layerName(i);
      for (const part of ['q', 'k', 'v', 'o']) shapes.dense(`${name}.attention.attn.${part}`, hidden, hidden);
      shapes
        .norm(`${name}.attention.LayerNorm`, hidden)
        .dense(`${name}.intermediate.dense`, hidden, intermediate)
        .dense(`${name}.output.dense`, intermediate, hidden)
        .norm(`${name}.output.LayerNorm`, hidden);
    }
    shapes.table('encoder.relative_attention_bias', buckets, heads);

    return {
      vocabulary: config.vocab_size,
      hidden,
      layers,
      intermediate,
      longest: config.max_position_embeddings - firstPosition,
      decoder: false,
      attention: 'bidirectional',
      tokenTypes: 1,
      shapes,
      layerName,
      forward: (at, { ids, offsets }) => {
        const words = at.embed('embeddings.word_embeddings', ids);
        const places = at.embed('embeddings.position_embeddings', positionsOf(offsets, firstPosition));
        const bias = at.embed('encoder.relative_attention_bias', bucketsByDistance(longestOf(offsets) - 1));
        const layer = (x: Tensor2D, bias: Tensor2D, name: string): Tensor2D => {
          const [q, k, v] = ['q', 'k', 'v'].map((part) => at.dense(x, `${name}.attention.attn.${part}`));
          const mixed = attention(q!, k!, v!, { heads, width, offsets, bias });
          const seen = at.denseNorm(mixed, `${name}.attention.attn.o`, x, `${name}.attention.LayerNorm`, eps);
          const wide = at.denseGelu(seen, `${name}.intermediate.dense`);
          return at.denseNorm(wide, `${name}.output.dense`, seen, `${name}.output.LayerNorm`, eps);
        };
        let x = at.layerNorm(residual(words, places), 'embeddings.LayerNorm', eps);
        for (let i = 0; i < layers; i++) {
          x = at.layer(layerName(i), [x, bias], (given, by) => layer(given, by, layerName(i)));
        }
        return x;
      },
    };
  },
});

/**
 * The bucket of each distance from -reach to reach (key - query), as T5 has them (Raffel et al. 2020): half of them for
 * keys to the right; in each half, one for each near distance, then ever wider ones. float32 as transformers computes.
 */
function bucketsByDistance(reach: number): Int32Array {
  const half = buckets / 2;
  const near = half / 2;
  const { fround } = Math;
  return Int32Array.from({ length: 2 * reach + 1 }, (_, row) => {
    const distance = Math.abs(row - reach);
    const side = row > reach ? half : 0;
    if (distance < near) return side + distance;
    const share = fround(fround(Math.log(distance / near)) / fround(Math.log(farthest / near)));
    return side + Math.min(half - 1, near + Math.trunc(fround(share * (half - near))));
  });
}
