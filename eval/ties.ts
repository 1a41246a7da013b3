import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { evaluate, type Measure, type Reordered, reorder } from '../retrieval/metrics.js';
import { compareIds, type Qrels, type Ranked, type Run } from '../retrieval/ranking.js';
import type { Interval } from '../retrieval/significance.js';

/** How often a run's scores tie. Scores are compared as float32, as trec_eval does. */
export interface TieCount {
  /** Different scores in a query's list, in the mean over queries. */
  readonly distinct: number;
  /** Documents in a query's list, in the mean. */
  readonly documents: number;
  /** Of all pairs of documents of one query, those with one score. */
  readonly tiedPairs: number;
}

export function countTies(run: Run): TieCount {
  let [distinct, documents, tied, pairs] = [0, 0, 0, 0];
  for (const ranked of run.values()) {
    const times = new Map<number, number>();
    for (const { score } of ranked) times.set(Math.fround(score), (times.get(Math.fround(score)) ?? 0) + 1);
    distinct += times.size;
    documents += ranked.length;
    for (const n of times.values()) tied += (n * (n - 1)) / 2;
    pairs += (ranked.length * (ranked.length - 1)) / 2;
  }
  return { distinct: distinct / run.size, documents: documents / run.size, tiedPairs: pairs === 0 ? 0 : tied / pairs };
}

/** What one measure says of the same scores, by how their ties are broken. */
export interface TiePolicies {
  /** Within a tie the lowest grade first. */
  readonly worst: number;
  /** By document id, descending: what trec_eval reports. */
  readonly documentId: number;
  /** The mean over shuffles, and the 2.5 % and 97.5 % quantile of them. */
  readonly random: { readonly mean: number; readonly interval: Interval; readonly shuffles: number };
  /** As the retriever had them; what it did not have comes last, by document id. */
  readonly retriever: number;
  /** Within a tie the highest grade first. */
  readonly best: number;
}

/** Scores a run by one measure under every policy for its ties. */
export function tiePolicies(run: Run, retriever: Run, qrels: Qrels, measure: Measure, shuffles = 1000): TiePolicies {
  const under = (key: (query: string, id: string) => number): number => meanOf(untied(run, key), qrels, measure);
  const grade = (query: string, id: string): number => qrels.get(query)?.get(id) ?? 0;
  const places = new Map(Array.from(retriever, ([query, ranked]) => [query, placesOf(ranked)]));
  const means = shuffledMeans(
    untied(run, () => 0),
    run,
    qrels,
    measure,
    shuffles,
  ).sort();
  const at = (share: number): number => means[Math.round(share * (shuffles - 1))]!;
  return {
    worst: under(grade),
    documentId: under(() => 0),
    random: { mean: means.reduce((a, b) => a + b, 0) / shuffles, interval: [at(0.025), at(0.975)], shuffles },
    retriever: under((query, id) => places.get(query)?.get(id) ?? Number.POSITIVE_INFINITY),
    best: under((query, id) => -grade(query, id)),
  };
}

/**
 * The mean over queries under random orders of ties. Sorting a million documents anew for each took minutes; but where ties
 * are does not change, and of a tie only where its judged documents come to stand changes a measure.
 *
 * @param ordered the run, untied in whatever way
 */
function shuffledMeans(ordered: Run, run: Run, qrels: Qrels, measure: Measure, shuffles: number): Float64Array {
  const sums = new Float64Array(shuffles);
  const random = xoroshiro128plus(17);
  const below = (n: number): number => Math.floor(((random.next() >>> 0) / 2 ** 32) * n);
  for (const [query, judgements] of qrels) {
    const order = reorder(ordered.get(query) ?? [], judgements, measure);
    const ties = tiesIn(run.get(query) ?? [], order);
    const fixed = order.value();
    for (let shuffle = 0; shuffle < shuffles; shuffle++) {
      for (const tie of ties) shuffleTie(tie, order, below);
      sums[shuffle]! += ties.length > 0 ? order.value() : fixed;
    }
  }
  return sums.map((sum) => sum / qrels.size);
}

/** A tie's places, from `start` on, in any order, and which place each of its judged documents has. */
interface Tie {
  readonly start: number;
  readonly places: Int32Array;
  readonly judged: Int32Array;
  /** The judged document that has a place, from its start; −1 for one that has none. */
  readonly owner: Int32Array;
}

/** The ties with a judged document, places in the order of scores. */
function tiesIn(ranked: Ranked, order: Reordered): Tie[] {
  const scores = Float32Array.from(ranked, ({ score }) => score)
    .sort()
    .reverse();
  const ties: Tie[] = [];
  for (let start = 0, end = 0; start < scores.length; start = end) {
    for (end = start + 1; end < scores.length && scores[end] === scores[start]; ) end++;
    if (end - start < 2) continue;
    const places = Int32Array.from({ length: end - start }, (_, i) => start + i);
    const judged = places.filter((place) => order.isJudged(place));
    if (judged.length > 0) ties.push({ start, places, judged, owner: places.map((place) => judged.indexOf(place)) });
  }
  return ties;
}

/** Takes each judged document to a place drawn from those that the ones before it left (Fisher and Yates, cut short). */
function shuffleTie({ start, places, judged, owner }: Tie, order: Reordered, below: (n: number) => number): void {
  for (let i = 0; i < judged.length; i++) {
    const drawn = i + below(places.length - i);
    [places[i], places[drawn]] = [places[drawn]!, places[i]!];
    const [from, to] = [judged[i]!, places[i]!];
    const other = owner[to - start]!;
    order.swap(from, to);
    if (other >= 0) judged[other] = from;
    judged[i] = to;
    owner[from - start] = other;
    owner[to - start] = i;
  }
}

/** A run in which no two documents tie: within a tie the one of the smaller key is first, then trec_eval's order. */
function untied(run: Run, key: (query: string, id: string) => number): Run {
  return new Map(
    Array.from(run, ([query, ranked]) => {
      const keyed = ranked.map(({ id, score }) => ({ id, score: Math.fround(score), key: key(query, id) }));
      keyed.sort((a, b) => b.score - a.score || order(a.key, b.key) || compareIds(b.id, a.id));
      return [query, keyed.map(({ id }, i) => ({ id, score: keyed.length - i }))];
    }),
  );
}

/** Also of infinities, whose difference is no number. */
function order(a: number, b: number): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

function placesOf(ranked: Ranked): ReadonlyMap<string, number> {
  return new Map(ranked.map(({ id }, place) => [id, place]));
}

function meanOf(run: Run, qrels: Qrels, measure: Measure): number {
  return evaluate(run, qrels, [measure]).get(measure.name)!.mean;
}
