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

const special = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'];

/**
 * An encoder to begin from that knows the benchmark's words and nothing else, for `model.base: random:FOLDER/encoder`: it
 * learns the benchmark in seconds, where a pretrained one reads its words in pieces and needs many steps. Files by name,
 * in the layout of the hub; the tokenizer is BERT's, each word a token.
 */
export function encoderOf(texts: readonly string[]): Record<string, string> {
  const words = new Set(texts.flatMap((text) => text.toLowerCase().match(/[a-z]+|[^\sa-z]/g) ?? []));
  const vocab = Object.fromEntries([...special, ...[...words].sort()].map((token, id) => [token, id]));
  const marked = (token: string, type: number) => ({ SpecialToken: { id: token, type_id: type } });
  const text = (id: string, type: number) => ({ Sequence: { id, type_id: type } });
  const tokenizer = {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: special.map((content, id) => ({
      id,
      content,
      special: true,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
    })),
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: true,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [marked('[CLS]', 0), text('A', 0), marked('[SEP]', 0)],
      pair: [marked('[CLS]', 0), text('A', 0), marked('[SEP]', 0), text('B', 1), marked('[SEP]', 1)],
      special_tokens: Object.fromEntries(['[CLS]', '[SEP]'].map((id) => [id, { id, ids: [vocab[id]], tokens: [id] }])),
    },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab,
    },
  };
  return {
    'encoder/config.json': `${JSON.stringify({ ...shape, vocab_size: Object.keys(vocab).length }, null, 2)}\n`,
    'encoder/tokenizer.json': `${JSON.stringify(tokenizer)}\n`,
  };
}
