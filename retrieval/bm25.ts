import { analyze } from './analyzer.js';
import type { Ranked } from './ranking.js';
import { type IdOrder, idOrder, TopK } from './top-k.js';
import { TopPositive } from './top-positive.js';

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
 * Published numbers come from two. `lucene` is pyserini's: a query term counts as often as it occurs, document lengths
 * are stored lossily, empty documents are no part of the averages. `bright` is that of the BRIGHT benchmark (gensim's
 * LuceneBM25Model on both sides): query terms are weighted by BM25 as document terms are, so that idf counts twice and
 * repeats saturate; lengths are exact, and empty documents count.
 */
export type Bm25Variant = 'lucene' | 'bright';

/**
 * A BM25 index over a corpus: an inverted index in typed arrays. k1 0.9, b 0.4, no factor k1 + 1,
 * idf = ln(1 + (N - df + 0.5) / (df + 0.5)).
 */
export class Bm25 {
  readonly #ids: readonly string[];
  readonly #order: IdOrder;
  readonly #places: ReadonlyMap<string, number>;
  readonly #termIds: ReadonlyMap<string, number>;
  readonly #postings: Postings;
  readonly #idf: Float32Array;
  readonly #scores: Float64Array;
  readonly #best: TopPositive;
  readonly #meanLength: number;

  /** @param corpus ids (all different) and texts, side by side */
  constructor(
    corpus: { readonly ids: readonly string[]; readonly texts: readonly string[] },
    readonly variant: Bm25Variant = 'lucene',
  ) {
    const termIds = new Map<string, number>();
    const counted = count(corpus.texts, termIds);
    const documents = variant === 'lucene' ? counted.lengths.filter((length) => length > 0).length : corpus.ids.length;
    this.#meanLength = counted.lengths.reduce((sum, length) => sum + length, 0) / documents || 1;
    this.#ids = corpus.ids;
    this.#order = idOrder(corpus.ids);
    this.#places = new Map(corpus.ids.map((id, place) => [id, place]));
    this.#termIds = termIds;
    const lengthOf = variant === 'lucene' ? storedLength : (length: number) => length;
    this.#postings = invert(counted, termIds.size, (length) => norm(lengthOf(length), this.#meanLength));
    this.#idf = idfs(this.#postings.starts, documents);
    this.#scores = new Float64Array(corpus.ids.length);
    this.#best = new TopPositive(this.#order);
  }

  /** What its arrays take in memory; terms and ids, which are JavaScript's strings, are not counted. */
  get bytes(): number {
    const { starts, documents, impacts } = this.#postings;
    const arrays = [starts, documents, impacts, this.#idf, this.#order.ranks, this.#order.places, this.#scores];
    return arrays.reduce((sum, { byteLength }) => sum + byteLength, this.#best.bytes);
  }

  /**
   * The k best documents that share a term with the query, by trec_eval's order.
   *
   * @param excluded ids of documents to leave out; ids not in the corpus are passed over
   * @param only ids of the documents to rank, where not all are
   */
  search(query: string, k: number, excluded: Iterable<string> = [], only?: Iterable<string>): Ranked {
    const { starts, documents, impacts } = this.#postings;
    const scores = this.#scores.fill(0);
    const { terms, weights } = this.#weighted(query);
    for (let i = 0; i < terms.length; i++) {
      const term = terms[i]!;
      addImpacts(scores, documents, impacts, starts[term]!, starts[term + 1]!, weights[i]!);
    }
    for (const id of excluded) {
      const place = this.#places.get(id);
      if (place !== undefined) scores[place] = 0;
    }
    if (only === undefined) return this.#best.take(scores, k, this.#ids);
    const top = new TopK(k, this.#order);
    for (const id of only) {
      const place = this.#places.get(id);
      if (place !== undefined && scores[place]! > 0) top.offer(place, scores[place]!);
    }
    return top.take(this.#ids);
  }

  /** A query's terms that the corpus has, each once, and what the impacts of each are multiplied by. */
  #weighted(query: string): { readonly terms: readonly number[]; readonly weights: readonly number[] } {
    const times = new Map<number, number>();
    let length = 0;
    for (const word of analyze(query)) {
      const term = this.#termIds.get(word);
      if (term === undefined) continue;
      times.set(term, (times.get(term) ?? 0) + 1);
      length++;
    }
    const terms = [...times.keys()];
    const idf = this.#idf;
    if (this.variant === 'lucene') return { terms, weights: terms.map((term) => times.get(term)! * idf[term]!) };
    const saturation = norm(length, this.#meanLength);
    const weightOf = (term: number, n: number): number => (idf[term]! ** 2 * n) / (n + saturation);
    return { terms, weights: terms.map((term) => weightOf(term, times.get(term)!)) };
  }
}

/** A function of its own, as it is compiled sooner alone. */
function addImpacts(
  scores: Float64Array,
  documents: Int32Array,
  impacts: Float32Array,
  from: number,
  end: number,
  weight: number,
): void {
  for (let i = from; i < end; i++) scores[documents[i]!]! += weight * impacts[i]!;
}

/** What a term's count in a text of some length is weighed against: at that count it has half of its impact. */
function norm(length: number, mean: number): number {
  return K1 * (1 - B + (B * length) / mean);
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

function invert(counted: Counted, termCount: number, normOf: (length: number) => number): Postings {
  const { terms, times, lengths } = counted;
  const starts = new Int32Array(termCount + 1);
  for (const term of terms) starts[term + 1]!++;
  for (let t = 0; t < termCount; t++) starts[t + 1]! += starts[t]!;

  const next = starts.slice();
  const documents = new Int32Array(terms.length);
  const impacts = new Float32Array(terms.length);
  for (let place = 0; place < lengths.length; place++) {
    const norm = normOf(lengths[place]!);
    for (let i = counted.starts[place]!; i < counted.starts[place + 1]!; i++) {
      const slot = next[terms[i]!]!++;
      documents[slot] = place;
      impacts[slot] = times[i]! / (times[i]! + norm);
    }
  }
  return { starts, documents, impacts };
}

function idfs(starts: Int32Array, total: number): Float32Array {
  const idf = new Float32Array(starts.length - 1);
  for (let t = 0; t < idf.length; t++) {
    const df = starts[t + 1]! - starts[t]!;
    idf[t] = Math.log(1 + (total - df + 0.5) / (df + 0.5));
  }
  return idf;
}
