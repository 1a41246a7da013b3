// Texts repeat their words: remembering a word's ids is several times as fast as cutting it again.
const MOST_WORDS = 1 << 18;
const LONGEST_WORD = 40;

interface Description {
  readonly normalizer?: { readonly type?: string } | null;
  readonly pre_tokenizer?: { readonly type?: string } | null;
  readonly model?: { readonly type?: string };
  readonly added_tokens?: readonly { readonly content: string }[];
}

/**
 * Whether a tokenizer treats each word between blanks on its own, whatever stands beside it: BERT's does. One that
 * merges over blanks, or marks them in its tokens, does not.
 */
export function isWordByWord(json: unknown): boolean {
  const { normalizer, pre_tokenizer, model, added_tokens = [] } = (json ?? {}) as Description;
  return (
    model?.type === 'WordPiece' &&
    pre_tokenizer?.type === 'BertPreTokenizer' &&
    (!normalizer || normalizer.type === 'BertNormalizer') &&
    added_tokens.every(({ content }) => !/\s/.test(content))
  );
}

/** Ids of a text's words, without special tokens, as far as the first `most` of them. */
export function wordMemo(idsOf: (word: string) => readonly number[]): (text: string, most: number) => number[] {
  const known = new Map<string, readonly number[]>();
  const look = (word: string): readonly number[] => {
    const found = known.get(word);
    if (found) return found;
    const ids = idsOf(word);
    if (word.length <= LONGEST_WORD) {
      if (known.size >= MOST_WORDS) known.clear();
      known.set(word, ids);
    }
    return ids;
  };
  return (text, most) => {
    const ids: number[] = [];
    let start = 0;
    for (let at = 0; at <= text.length && ids.length < most; at++) {
      // Past the end there is NaN, which ends the last word; the four blanks that every one of them knows.
      const code = text.charCodeAt(at);
      if (code > 32 || (code !== 32 && code !== 10 && code !== 9 && code !== 13 && at < text.length)) continue;
      if (at > start) for (const id of look(text.slice(start, at))) ids.push(id);
      start = at + 1;
    }
    if (ids.length > most) ids.length = most;
    return ids;
  };
}
