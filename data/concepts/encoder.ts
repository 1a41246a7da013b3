import { bertTokenizer } from './bert-tokenizer.js';

/** What BERT's config.json needs to say of one layer of width 64: a few thousand words, all of them known. */
const shape = {
  architectures: ['BertModel'],
  model_type: 'bert',
  hidden_size: 64,
  intermediate_size: 128,
  num_hidden_layers: 1,
  num_attention_heads: 4,
  hidden_act: 'gelu',
  layer_norm_eps: 1e-12,
  // The longest queries are 2,000 words and their punctuation.
  max_position_embeddings: 4096,
  type_vocab_size: 2,
  pad_token_id: 0,
  attention_probs_dropout_prob: 0,
  hidden_dropout_prob: 0,
};

/**
 * An encoder to begin from that knows the benchmark's words and nothing else, for `model.base: random:FOLDER/encoder`: it
 * learns the benchmark in seconds, where a pretrained one reads its words in pieces and needs many steps. Files by name,
 * in the layout of the hub; the tokenizer is BERT's, each word a token.
 */
export function encoderOf(texts: readonly string[]): Record<string, string> {
  const words = new Set(texts.flatMap((text) => text.toLowerCase().match(/[a-z]+|[^\sa-z]/g) ?? []));
  const { json, size } = bertTokenizer([...words].sort());
  return {
    'encoder/config.json': `${JSON.stringify({ ...shape, vocab_size: size }, null, 2)}\n`,
    'encoder/tokenizer.json': json,
  };
}
