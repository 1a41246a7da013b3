const special = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'];

/** BERT's tokenizer.json over given pieces (`##` before those that go on a word), lower-cased; its special tokens come first. */
export function bertTokenizer(pieces: readonly string[]): { readonly json: string; readonly size: number } {
  const tokens = [...special, ...pieces];
  const vocab = Object.fromEntries(tokens.map((token, id) => [token, id]));
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
  return { json: `${JSON.stringify(tokenizer)}\n`, size: tokens.length };
}
