import { join } from 'node:path';
import { z } from 'zod';
import { Fault } from '../plan/fault.js';
import { readJson } from './json.js';

// A hub folder's config.json, as transformers writes it. Fields that change the numbers and are not implemented are
// refused by name, never ignored.

const size = z.int().positive();

const schema = z.object({
  model_type: z.enum(['bert', 'roberta', 'xlm-roberta']),
  vocab_size: size,
  hidden_size: size,
  num_hidden_layers: size,
  num_attention_heads: size,
  intermediate_size: size,
  max_position_embeddings: size,
  type_vocab_size: size.default(2),
  layer_norm_eps: z.number().positive().default(1e-12),
  pad_token_id: z.int().nonnegative().nullish(),
  hidden_act: z.literal('gelu').default('gelu'),
  position_embedding_type: z.literal('absolute').default('absolute'),
  is_decoder: z.literal(false).default(false),
  add_cross_attention: z.literal(false).default(false),
});

/** The shape of a BERT-family encoder. */
export interface EncoderConfig {
  readonly family: 'bert' | 'roberta' | 'xlm-roberta';
  readonly vocabulary: number;
  readonly hidden: number;
  readonly layers: number;
  readonly heads: number;
  readonly intermediate: number;
  readonly tokenTypes: number;
  readonly eps: number;
  /** Rows of the position table, and the row of a sequence's first token (RoBERTa's come after its padding row). */
  readonly positionRows: number;
  readonly firstPosition: number;
}

/** The longest sequence that the position table allows, in tokens. */
export function longestSequence(config: EncoderConfig): number {
  return config.positionRows - config.firstPosition;
}

/** Reads `<folder>/config.json`. Throws a Fault that names the field which cannot be honoured. */
export function readEncoderConfig(folder: string): EncoderConfig {
  const file = join(folder, 'config.json');
  const parsed = schema.safeParse(readJson(file));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new Fault(
      `Expected a model that reasontune implements in ${file}, but ${issue?.path.join('.')}: ${issue?.message}.`,
    );
  }
  const given = parsed.data;
  if (given.hidden_size % given.num_attention_heads !== 0) {
    throw new Fault(`Expected hidden_size to be a multiple of num_attention_heads in ${file}.`);
  }
  return {
    family: given.model_type,
    vocabulary: given.vocab_size,
    hidden: given.hidden_size,
    layers: given.num_hidden_layers,
    heads: given.num_attention_heads,
    intermediate: given.intermediate_size,
    tokenTypes: given.type_vocab_size,
    eps: given.layer_norm_eps,
    positionRows: given.max_position_embeddings,
    firstPosition: given.model_type === 'bert' ? 0 : (given.pad_token_id ?? 1) + 1,
  };
}
