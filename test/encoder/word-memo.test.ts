import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Tokenizer as Library } from '@huggingface/tokenizers';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadTokenizer, type Tokenizer } from '../../encoder/tokenizer.js';
import { isWordByWord } from '../../encoder/word-memo.js';
import { miniLM } from '../support/minilm.js';

describe('a tokenizer that remembers words', () => {
  let ours: Tokenizer;
  let library: { encode(text: string): { ids: number[] } };
  beforeAll(async () => {
    const folder = await miniLM();
    const json = (name: string) => JSON.parse(readFileSync(join(folder, name), 'utf8'));
    expect(isWordByWord(json('tokenizer.json'))).toBe(true);
    ours = loadTokenizer(folder, 30522);
    library = new Library(json('tokenizer.json'), json('tokenizer_config.json')) as never;
  });

  /** The library's ids, cut as ours are: the end of the text goes, the last special token stays. */
  const reference = (text: string, longest: number): number[] => {
    const { ids } = library.encode(text);
    return ids.length <= longest ? ids : [...ids.slice(0, longest - 1), ids.at(-1) as number];
  };

  it('makes the library’s ids of any text, at any length', () => {
    // Letters, marks, blanks and controls of many scripts, and the words that tokenizers treat apart.
    const piece = fc.constantFrom(
      ...'abcXYZ019.,;:!?()[]{}<>/\\\'"-_@#$%^&*+=|~`éèüñçÅßøœİıſΣσς中文字日本語한국어Приветﬁﬂ①②½٣العربيةไทยहिन्दी😀👍🏽',
      ...[
        '\u0301',
        '\u0308',
        '\u200b',
        '\u200d',
        '\ufeff',
        '\u00a0',
        '\u3000',
        '\u2028',
        '\0',
        '\u0001',
        '\u0007',
        '\u0085',
        '\ufffd',
        '\ud800',
      ],
      ...[' ', ' ', ' ', '\n', '\t', '\r', '\v', '\f', '[SEP]', '[MASK]', '[CLS]x', 'ΟΔΟΣ', "don't", 'x'.repeat(120)],
    );
    const text = fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(text, fc.integer({ min: 2, max: 40 }), (given, longest) => {
        expect([...ours.encode(given, longest)]).toEqual(reference(given, longest));
        expect([...ours.encode(given, 1000)]).toEqual(reference(given, 1000));
      }),
      { numRuns: 3000 },
    );
  });

  it('is not made of one that looks beyond a word', () => {
    const bert = {
      model: { type: 'WordPiece' },
      pre_tokenizer: { type: 'BertPreTokenizer' },
      normalizer: { type: 'BertNormalizer' },
      added_tokens: [{ content: '[CLS]' }],
    };
    expect(isWordByWord(bert)).toBe(true);
    expect(isWordByWord({ ...bert, model: { type: 'BPE' } })).toBe(false);
    expect(isWordByWord({ ...bert, pre_tokenizer: { type: 'Metaspace' } })).toBe(false);
    expect(isWordByWord({ ...bert, normalizer: { type: 'Sequence' } })).toBe(false);
    expect(isWordByWord({ ...bert, added_tokens: [{ content: 'New York' }] })).toBe(false);
  });
});
