import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Tokenizer as HubTokenizer } from '@huggingface/tokenizers';
import { Fault, reasonOf } from '../plan/fault.js';
import { readJson } from './json.js';
import { isWordByWord, wordMemo } from './word-memo.js';

// The library's own types do not resolve under nodenext: this is the part of it that is used here.
interface Library {
  encode(
    text: string,
    options?: { text_pair?: string; return_token_type_ids?: true; add_special_tokens?: false },
  ): { ids: number[]; token_type_ids?: number[] };
}

/** Text to token ids, as the model's own tokenizer.json says. */
export interface Tokenizer {
  /** Ids with special tokens; a text longer than `maxLength` tokens loses its end, never its special tokens. */
  encode(text: string, maxLength: number): Int32Array;
  /** How many special tokens end every sequence. */
  readonly after: number;
  /** SHA-256 of tokenizer.json: what a cache of tokens depends on. */
  readonly hash: string;
  /** What it was loaded from, so that another thread can load it too. */
  readonly files?: { readonly folder: string; readonly vocabulary: number };
}

/** A tokenizer that also says what a sequence of two texts is made of. */
export interface PairingTokenizer extends Tokenizer {
  /** A text's own ids, without special tokens, as far as the first `most` of them. */
  bare(text: string, most: number): readonly number[];
  /** Two texts in one sequence, uncut: ids, and which of the two each is counted to. */
  pair(first: string, second: string): { readonly ids: readonly number[]; readonly types: readonly number[] };
}

/** The files that a tokenizer is loaded from, ours or transformers', which a folder has. */
export function readTokenizerFiles(folder: string): Map<string, Uint8Array> {
  const names = ['tokenizer.json', 'tokenizer_config.json', 'special_tokens_map.json', 'vocab.txt'];
  const there = names.filter((name) => existsSync(join(folder, name)));
  return new Map(there.map((name) => [name, readFileSync(join(folder, name))]));
}

/**
 * Loads `<folder>/tokenizer.json`. Throws a Fault when it is missing, is not one, or makes ids that the model's
 * vocabulary of `vocabulary` rows does not have.
 */
export function loadTokenizer(folder: string, vocabulary: number): PairingTokenizer {
  const file = join(folder, 'tokenizer.json');
  const json = readJson(file);
  const configFile = join(folder, 'tokenizer_config.json');
  const largest = largestId(json);
  if (largest === null) throw new Fault(`Expected a tokenizer with a vocabulary in ${file}. Fetch the model again.`);
  if (largest >= vocabulary) {
    throw new Fault(
      `Expected token ids below ${vocabulary}, the model's vocabulary, but ${file} makes ids up to ${largest}. ` +
        'Use the tokenizer.json that belongs to the model.',
    );
  }
  let library: Library;
  try {
    library = new HubTokenizer(
      json as object,
      existsSync(configFile) ? (readJson(configFile) as object) : {},
    ) as Library;
    library.encode('a');
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw new Fault(
      `Expected a tokenizer that can be loaded in ${file}, got: ${reasonOf(error)}. Choose another model.`,
    );
  }
  const { before, after } = specialTokens(library);
  // The special tokens alone: those before a text, then those after it.
  const empty = specialsOf(library, before, after);
  const whole = (text: string): number[] => library.encode(text).ids.slice(before, -after || undefined);
  const words = isWordByWord(json) ? wordMemo(whole) : whole;
  const bare = (text: string, most: number): number[] => {
    const ids = words(text, most);
    return ids.length > most ? ids.slice(0, most) : ids;
  };
  return {
    after,
    hash: createHash('sha256').update(JSON.stringify(json)).digest('hex'),
    files: { folder, vocabulary },
    encode: (text, maxLength) => {
      const room = maxLength - before - after;
      if (room < 0) {
        throw new Fault(`Expected max_length of ${before + after} or more, got ${maxLength}. Raise model.max_length.`);
      }
      const ids = bare(text, room);
      const made = new Int32Array(before + ids.length + after);
      made.set(empty.slice(0, before));
      made.set(ids, before);
      made.set(empty.slice(before), made.length - after);
      return made;
    },
    bare,
    pair: (first, second) => {
      const { ids, token_type_ids: types } = library.encode(first, { text_pair: second, return_token_type_ids: true });
      return { ids, types: types ?? ids.map(() => 0) };
    },
  };
}

function specialsOf(library: Library, before: number, after: number): number[] {
  const { ids } = library.encode('a');
  return [...ids.slice(0, before), ...ids.slice(ids.length - after)];
}

/** How many special tokens stand before and after a text, as "a" has them. */
function specialTokens(library: Library): { before: number; after: number } {
  const whole = library.encode('a').ids;
  const own = library.encode('a', { add_special_tokens: false }).ids;
  const before = Math.max(
    0,
    whole.findIndex((_, at) => own.every((id, i) => id === whole[at + i])),
  );
  return { before, after: whole.length - own.length - before };
}

/** The largest id of the vocabulary and the added tokens; null when there is no vocabulary. */
function largestId(json: unknown): number | null {
  const { model, added_tokens: added } = (json ?? {}) as {
    model?: { vocab?: unknown };
    added_tokens?: { id: number }[];
  };
  const vocab = model?.vocab;
  if (typeof vocab !== 'object' || vocab === null) return null;
  let largest = Array.isArray(vocab) ? vocab.length - 1 : -1;
  if (!Array.isArray(vocab)) for (const id of Object.values(vocab)) largest = Math.max(largest, id as number);
  for (const { id } of added ?? []) largest = Math.max(largest, id);
  return largest;
}
