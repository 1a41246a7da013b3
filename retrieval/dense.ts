import { matMul, tensor2d, tidy } from '@tensorflow/tfjs-core';
import { exactScores } from './exact-scores.js';
import type { Ranked } from './ranking.js';
import { idOrder, TopK } from './top-k.js';

/** Vectors in rows. */
export interface Rows {
  readonly values: Float32Array;
  readonly width: number;
}

/** What is searched: documents, each of one row or of several (its chunks), end to end. */
export interface Documents extends Rows {
  readonly ids: readonly string[];
  /** Document d's rows are `starts[d]` to `starts[d + 1]`; not given, each has one. */
  readonly starts?: Int32Array;
}

interface Search {
  /** For each query, ids left out. */
  readonly excluded: readonly (readonly string[])[];
  /** For each query, the ids to rank where not all are. */
  readonly only?: readonly (readonly string[])[];
  /** Rows scored at once, about. */
  readonly rowsPerBlock?: number;
}

const queriesPerBlock = 256;

// float32 rounds to within half of this, relatively.
const epsilon = 2 ** -23;

/**
 * Exact search: for each query the k documents of the largest dot product (of their best row), by trec_eval's order.
 *
 * Documents are taken block by block, so memory is bounded. A matrix product in float32 rounds one way in one block and
 * another way in the next, even for two documents with the same text; so more candidates than k are kept, and their
 * scores computed anew in float64, always alike. A query whose k-th score is too near to what was let go, by the bound
 * on a float32 product's error, is searched again with more candidates. The result thus does not depend on the block's
 * size, nor on the backend, and equal texts tie.
 */
export function searchExact(queries: Rows, documents: Documents, k: number, search: Search): Ranked[] {
  const { width } = queries;
  const { ids, starts = oneEach(ids.length) } = documents;
  const whole = { ...documents, starts };
  const order = idOrder(ids);
  const places = new Map(ids.map((id, place) => [id, place]));
  const placesOf = (list: readonly string[] = []): Int32Array =>
    Int32Array.from(list.flatMap((id) => places.get(id) ?? [])).sort();
  const excluded = search.excluded.map(placesOf);
  const only = search.only?.map(placesOf);
  const largest = largestNorm(documents);
  const best = new TopK(k, order);
  const results: Ranked[] = [];
  let left = Array.from({ length: queries.values.length / width }, (_, i) => i);
  for (let spare = 64; left.length > 0; spare *= 8) {
    const rows = { width, values: gather(queries, left) };
    const kept = k + spare;
    const tops = left.map(() => new TopK(kept, order));
    offerAll(rows, whole, tops, {
      excluded: left.map((i) => excluded[i] ?? none),
      only: only && left.map((i) => only[i] ?? none),
      rowsPerBlock: search.rowsPerBlock ?? 4096,
    });
    const nearest = tops.map((top) => top.drain());
    const scores = exactScores(
      rows,
      whole,
      nearest.map(({ places }) => places),
    );
    left = left.filter((i, at) => {
      const query = rows.values.subarray(at * width, (at + 1) * width);
      const near = nearest[at]!;
      for (const [j, place] of near.places.entries()) best.offer(place, scores[at]![j]!);
      results[i] = best.take(ids);
      if (near.places.length < kept || k === 0) return false;
      const error = (width * epsilon * norm(query) * largest) / 2;
      return results[i].at(-1)!.score <= near.scores.at(-1)! + error;
    });
  }
  return results;
}

/** Offers every document to each query's collector, with its score as a float32 matrix product gives it. */
function offerAll(
  queries: Rows,
  { starts, values }: Documents & { readonly starts: Int32Array },
  tops: readonly TopK[],
  {
    excluded,
    only,
    rowsPerBlock,
  }: {
    /** Places, ascending, by query. */
    readonly excluded: readonly Int32Array[];
    readonly only: readonly Int32Array[] | undefined;
    readonly rowsPerBlock: number;
  },
): void {
  const { width } = queries;
  const count = tops.length;
  for (const [first, end] of blocks(starts, rowsPerBlock)) {
    const [row, size] = [starts[first]!, starts[end]! - starts[first]!];
    const block = tensor2d(values.subarray(row * width, (row + size) * width), [size, width]);
    for (let from = 0; from < count; from += queriesPerBlock) {
      const some = Math.min(queriesPerBlock, count - from);
      // Not an array out of a tidy scope: that is searched through for tensors, number by number.
      const product = tidy(() => {
        const asked = tensor2d(queries.values.subarray(from * width, (from + some) * width), [some, width]);
        return matMul(asked, block, false, true);
      });
      const scores = product.dataSync() as Float32Array;
      product.dispose();
      for (let i = 0; i < some; i++) {
        const best = bestRows(scores.subarray(i * size, (i + 1) * size), starts, first, end);
        const top = tops[from + i]!;
        for (const place of within(excluded[from + i], first, end)) best[place - first] = Number.NEGATIVE_INFINITY;
        if (only === undefined) top.offerBlock(best, first);
        else for (const place of within(only[from + i], first, end)) top.offer(place, best[place - first]!);
      }
    }
    block.dispose();
  }
}

function gather({ values, width }: Rows, rows: readonly number[]): Float32Array {
  if (rows.length * width === values.length) return values;
  const chosen = new Float32Array(rows.length * width);
  for (const [at, row] of rows.entries()) chosen.set(values.subarray(row * width, (row + 1) * width), at * width);
  return chosen;
}

/** Starts of documents that have one row each. */
export function oneEach(documents: number): Int32Array {
  return Int32Array.from({ length: documents + 1 }, (_, d) => d);
}

function largestNorm({ values, width }: Rows): number {
  let largest = 0;
  for (let row = 0; row < values.length; row += width) {
    let squares = 0;
    for (let at = row; at < row + width; at++) squares += values[at]! * values[at]!;
    if (squares > largest) largest = squares;
  }
  return Math.sqrt(largest);
}

function norm(vector: Float32Array): number {
  return largestNorm({ values: vector, width: vector.length });
}

/** Runs of whole documents that have about so many rows. */
function* blocks(starts: Int32Array, rowsPerBlock: number): Generator<[first: number, end: number]> {
  for (let first = 0; first < starts.length - 1; ) {
    let end = first + 1;
    while (end < starts.length - 1 && starts[end + 1]! - starts[first]! <= rowsPerBlock) end++;
    yield [first, end];
    first = end;
  }
}

/** Each document's largest score; the scores themselves where each has one row. */
function bestRows(scores: Float32Array, starts: Int32Array, first: number, end: number): Float32Array {
  if (scores.length === end - first) return scores;
  const best = new Float32Array(end - first).fill(Number.NEGATIVE_INFINITY);
  for (let d = first; d < end; d++) {
    for (let row = starts[d]!; row < starts[d + 1]!; row++) {
      const score = scores[row - starts[first]!]!;
      // Not a number stays, so that the collector refuses it.
      if (score > best[d - first]! || Number.isNaN(score)) best[d - first] = score;
    }
  }
  return best;
}

/** Those of ascending places that lie in a block. */
function within(places: Int32Array | undefined, first: number, end: number): Int32Array {
  if (places === undefined || places.length === 0) return none;
  return places.filter((place) => place >= first && place < end);
}

const none = new Int32Array(0);
