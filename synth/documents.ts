import { createHash } from 'node:crypto';
import { readDocuments } from '../data/beir.js';
import { wordCount } from '../data/inspect/lengths.js';
import { NearTexts, normalized } from '../data/inspect/near-texts.js';
import { Fault } from '../plan/fault.js';
import type { SynthesisPlan } from '../plan/synthesis.js';

export interface Document {
  readonly id: string;
  readonly text: string;
}

/** The documents that a synthesis works with, and how many it left out. */
export interface Documents {
  readonly documents: readonly Document[];
  readonly read: number;
  readonly leftOut: { readonly 'too short': number; readonly 'too long': number; readonly repeated: number };
  /** A hash of ids and texts. */
  readonly hash: string;
}

// A text of longer words on the average is no text: a file in base64, a table without blanks.
const LONGEST_MEAN_WORD = 20;

/**
 * Reads the documents and leaves out those that are too short, too long or the same as an earlier one, up to case and
 * punctuation or nearly (a Jaccard index of 0.8 of three-word shingles).
 * @throws Fault as {@link readDocuments}, or where none is left
 */
export function readSynthesisDocuments({ path, words, limit }: NonNullable<SynthesisPlan['documents']>): Documents {
  const { ids, texts } = readDocuments(path);
  const count = Math.min(limit ?? ids.length, ids.length);
  const leftOut = { 'too short': 0, 'too long': 0, repeated: 0 };
  const known = new Set<string>();
  const near = new NearTexts();
  const documents: Document[] = [];
  const sum = createHash('sha256');
  for (let i = 0; i < count; i++) {
    const text = texts[i]!;
    const length = wordCount(text);
    if (length < words[0]) leftOut['too short']++;
    else if (length > words[1] || text.length > LONGEST_MEAN_WORD * length) leftOut['too long']++;
    else {
      const plain = normalized(text);
      if (known.has(plain) || near.near(text).length > 0) leftOut.repeated++;
      else {
        known.add(plain);
        near.add(text);
        documents.push({ id: ids[i]!, text });
        sum.update(JSON.stringify([ids[i], text]));
      }
    }
  }
  if (documents.length === 0) {
    throw new Fault(
      `Expected documents of ${words.join(' to ')} words for ${path}, got none of ${count}. Change documents.words.`,
    );
  }
  return { documents, read: count, leftOut, hash: sum.digest('hex').slice(0, 32) };
}
