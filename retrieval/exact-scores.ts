import type { Rows } from './dense.js';

/** Documents of one row or several: document d's are `starts[d]` to `starts[d + 1]`. */
interface Chunked extends Rows {
  readonly starts: Int32Array;
}

/**
 * The scores of chosen documents, those of their best rows, in float64 and rounded to float32 at the end: always alike,
 * whatever else is scored. Documents are taken in the order in which they lie: going from query to query, each step
 * would wait for memory that is far off.
 *
 * @param chosen for each query the places of its documents
 * @returns for each query their scores, in the same order
 */
export function exactScores(queries: Rows, documents: Chunked, chosen: readonly Int32Array[]): Float32Array[] {
  const { width, values } = queries;
  const scores = chosen.map((places) => new Float32Array(places.length));
  // Pairs of a query and one of its documents, sorted by document: counted first, then put in their places.
  const begins = new Int32Array(documents.starts.length);
  for (const places of chosen) for (const place of places) begins[place + 1]!++;
  for (let d = 1; d < begins.length; d++) begins[d]! += begins[d - 1]!;
  const total = begins[begins.length - 1]!;
  const [query, nth, next] = [new Int32Array(total), new Int32Array(total), begins.slice()];
  for (const [q, places] of chosen.entries()) {
    for (let j = 0; j < places.length; j++) {
      const at = next[places[j]!]!++;
      query[at] = q;
      nth[at] = j;
    }
  }
  const rows = chosen.map((_, q) => values.subarray(q * width, (q + 1) * width));
  for (let place = 0; place + 1 < begins.length; place++) {
    for (let at = begins[place]!; at < begins[place + 1]!; at++) {
      scores[query[at]!]![nth[at]!] = exactScore(rows[query[at]!]!, documents, place);
    }
  }
  return scores;
}

/** In float64, and rounded to float32 at its end. */
export function exactScore(query: Float32Array, { values, starts }: Chunked, place: number): number {
  const width = query.length;
  let best = Number.NEGATIVE_INFINITY;
  for (let row = starts[place]!; row < starts[place + 1]!; row++) {
    // Four sums side by side: one would wait for each addition before the next.
    let [a, b, c, d] = [0, 0, 0, 0];
    let at = row * width;
    let k = 0;
    for (; k + 3 < width; k += 4, at += 4) {
      a += query[k]! * values[at]!;
      b += query[k + 1]! * values[at + 1]!;
      c += query[k + 2]! * values[at + 2]!;
      d += query[k + 3]! * values[at + 3]!;
    }
    for (; k < width; k++, at++) a += query[k]! * values[at]!;
    const dot = a + b + (c + d);
    if (dot > best) best = dot;
  }
  return Math.fround(best);
}
