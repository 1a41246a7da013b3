import { analyze } from './analyzer.js';
import { idRanks, type Ranked, TopK } from './ranking.js';

// Lucene's BM25Similarity with pyserini's settings for BEIR.
const K1 = 0.9;
const B = 0.4;

/** Lucene's stored length: exact up to 39, then its four leading binary digits (SmallFloat.intToByte4 and back). */
export function storedLength(length: number): number {
  if (length < 24) return length;
  const rest = length - 24;
  const shift = Math.max(0, 28 - Math.clz32(rest));
  return 24 + ((rest >>> shift) << shift);
}

/**
 * A BM25 index over a corpus: an inverted index in typed arrays. Scores are Lucene's (k1 0.9, b 0.4, no factor k1 + 1,
 * lossy document length; idf = ln(1 + (N - df + 0.5) / (df + 0.5)), N the documents that have a term at all).
 */
export class Bm25 {
  readonly #ids: readonly string[];
  readonly #ranks: Int32Array;
  readonly #places: ReadonlyMap<string, number>;
  readonly #termIds: ReadonlyMap<string, number>;
  readonly #postings: Postings;
  readonly #idf: Float32Array;
  readonly #scores: Float64Array;

  /** @param corpus ids (all different) and texts, side by side */
  constructor(corpus: { readonly ids: readonly string[]; readonly texts: readonly string[] }) {
    const termIds = new Map<string, number>();
    const counted = count(corpus.texts, termIds);
    this.#ids = corpus.ids;
    this.#ranks = idRanks(corpus.ids);
    this.#places = new Map(corpus.ids.map((id, place) => [id, place]));
    this.#termIds = termIds;
    this.#postings = invert(counted, termIds.size);
    this.#idf = idfs(this.#postings.starts, counted.lengths);
    this.#scores = new Float64Array(corpus.ids.length);
  }

  /**
   * The k best documents that share a term with the query, by trec_eval's order.
   *
   * @param excluded ids of documents to leave out; ids not in the corpus are passed over
   */
  search(query: string, k: number, excluded: Iterable<string> = []): Ranked {
    const { starts, documents, impacts } = this.#postings;
    const scores = this.#scores.fill(0);
    for (const [term, times] of tally(analyze(query))) {
      const id = this.#termIds.get(term);
      if (id === undefined) continue;
      const weight = times * this.#idf[id]!;
      const end = starts[id + 1]!;
      for (let i = starts[id]!; i < end; i++) scores[documents[i]!]! += weight * impacts[i]!;
    }
    for (const id of excluded) {
      const place = this.#places.get(id);
      if (place !== undefined) scores[place] = 0;
    }
    const top = new TopK(k, this.#ranks);
    for (let place = 0; place < scores.length; place++) if (scores[place]! > 0) top.offer(place, scores[place]!);
    return top.take(this.#ids);
  }
}

/** Posting lists end to end: those of term t are `starts[t]` to `starts[t + 1]`; an impact is a score before idf. */
type Postings = { readonly starts: Int32Array; readonly documents: Int32Array; readonly impacts: Float32Array };

/** Per document, in order: its distinct terms and how often each occurs; `starts` cuts the two by document. */
type Counted = {
  readonly terms: Int32Array;
  readonly times: Int32Array;
  readonly starts: Int32Array;
  readonly lengths: Int32Array;
};

function tally(terms: readonly string[]): Map<string, number> {
  const times = new Map<string, number>();
  for (const term of terms) times.set(term, (times.get(term) ?? 0) + 1);
  return times;
}

function count(texts: readonly string[], termIds: Map<string, number>): Counted {
  const starts = new Int32Array(texts.length + 1);
  const lengths = new Int32Array(texts.length);
  let terms = new Int32Array(1 << 16);
  let times = new Int32Array(1 << 16);
  /** Term → its slot in this document's part of `terms`, where that slot does hold the term. */
  let slots = new Int32Array(1 << 16);
  let size = 0;
  for (const [place, text] of texts.entries()) {
    const words = analyze(text);
    const start = size;
    terms = roomFor(terms, size + words.length);
    times = roomFor(times, size + words.length);
    slots = roomFor(slots, termIds.size + words.length);
    for (const word of words) {
      let id = termIds.get(word);
      if (id === undefined) {
        id = termIds.size;
        termIds.set(word, id);
      }
      const slot = slots[id]!;
      if (slot >= start && slot < size && terms[slot] === id) {
        times[slot]!++;
      } else {
        slots[id] = size;
        terms[size] = id;
        times[size++] = 1;
      }
    }
    lengths[place] = words.length;
    starts[place + 1] = size;
  }
  return { terms: terms.subarray(0, size), times: times.subarray(0, size), starts, lengths };
}

function roomFor(array: Int32Array<ArrayBuffer>, needed: number): Int32Array<ArrayBuffer> {
  if (needed <= array.length) return array;
  const larger = new Int32Array(Math.max(needed, array.length * 2));
  larger.set(array);
  return larger;
}

/** Lucene's averages are over the documents that have a term at all. */
function meanLength(lengths: Int32Array): number {
  let total = 0;
  let documents = 0;
  for (const length of lengths) {
    total += length;
    if (length > 0) documents++;
  }
  return documents === 0 ? 1 : total / documents;
}

function invert(counted: Counted, termCount: number): Postings {
  const { terms, times, lengths } = counted;
  const starts = new Int32Array(termCount + 1);
  for (const term of terms) starts[term + 1]!++;
  for (let t = 0; t < termCount; t++) starts[t + 1]! += starts[t]!;

  const next = starts.slice();
  const documents = new Int32Array(terms.length);
  const impacts = new Float32Array(terms.length);
  const mean = meanLength(lengths);
  for (let place = 0; place < lengths.length; place++) {
    const norm = K1 * (1 - B + (B * storedLength(lengths[place]!)) / mean);
    for (let i = counted.starts[place]!; i < counted.starts[place + 1]!; i++) {
      const slot = next[terms[i]!]!++;
      documents[slot] = place;
      impacts[slot] = times[i]! / (times[i]! + norm);
    }
  }
  return { starts, documents, impacts };
}

function idfs(starts: Int32Array, lengths: Int32Array): Float32Array {
  let total = 0;
  for (const length of lengths) if (length > 0) total++;
  const idf = new Float32Array(starts.length - 1);
  for (let t = 0; t < idf.length; t++) {
    const df = starts[t + 1]! - starts[t]!;
    idf[t] = Math.log(1 + (total - df + 0.5) / (df + 0.5));
  }
  return idf;
}
