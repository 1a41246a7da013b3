import { createHash } from 'node:crypto';
import { Fault } from '../plan/fault.js';
import { evaluate, type Measure } from '../retrieval/metrics.js';
import { compareRanked, type Qrels, type Ranked, type Run } from '../retrieval/ranking.js';

/** The weights of the reranker that are tried. */
const weights: readonly number[] = Array.from({ length: 11 }, (_, i) => i / 10);

/**
 * weight × reranker + (1 − weight) × retriever, each first stretched from 0 to 1 over the documents that the reranker
 * scored, query by query (a retriever's scores have no scale of their own). Other documents are left out.
 */
export function interpolate(reranked: Run, retriever: Run, weight: number): Run {
  return new Map(
    Array.from(reranked, ([query, ranked]) => {
      const first = new Map(retriever.get(query)?.map(({ id, score }) => [id, score]));
      const held = ranked.flatMap(({ id }) => (first.has(id) ? [{ id, score: first.get(id)! }] : []));
      const [upper, lower] = [stretched(ranked), stretched(held)];
      const mixed = ranked.map(({ id }) => ({
        id,
        score: weight * upper.get(id)! + (1 - weight) * (lower.get(id) ?? 0),
      }));
      return [query, mixed.sort(compareRanked)];
    }),
  );
}

function stretched(ranked: Ranked): ReadonlyMap<string, number> {
  const scores = ranked.map(({ score }) => score);
  const [low, high] = [Math.min(...scores), Math.max(...scores)];
  return new Map(ranked.map(({ id, score }) => [id, high === low ? 0 : (score - low) / (high - low)]));
}

/** A weight, and the measure's mean on the queries that it was chosen on. */
interface Chosen {
  readonly weight: number;
  readonly dev: number;
}

export interface Interpolated {
  /** How the weight was chosen: on queries of their own, or on each half of the queries for the other. */
  readonly by: 'dev split' | 'halves';
  readonly chosen: readonly Chosen[];
  /** The measure's mean on queries that took no part in choosing their weight. */
  readonly test: number;
  /** The ranking that the test mean is of. */
  readonly run: Run;
}

/**
 * Interpolates with a weight that is chosen on other queries than those it is scored on: on a dev split where one is
 * given, else on each half of the queries (by a hash of their ids) for the other.
 *
 * @param dev judgements of dev queries, which both runs must have ranked
 * @throws Fault dev queries that are also test queries, or that no run ranked; too few queries to halve
 */
export function chooseWeight(
  reranked: Run,
  retriever: Run,
  qrels: Qrels,
  measure: Measure,
  dev: Qrels | null = null,
): Interpolated {
  const runs = weights.map((weight) => interpolate(reranked, retriever, weight));
  const valuesAt = (judged: Qrels) => runs.map((run) => evaluate(run, judged, [measure]).get(measure.name)!);
  const best = (judged: Qrels): number => {
    const means = valuesAt(judged).map(({ mean }) => mean);
    return means.indexOf(Math.max(...means));
  };
  if (dev !== null) checkApart(dev, qrels, reranked);
  const folds = dev === null ? halves(qrels) : [{ choose: dev, test: qrels }];
  const chosen: Chosen[] = [];
  const run = new Map<string, Ranked>();
  let sum = 0;
  for (const { choose, test } of folds) {
    const at = best(choose);
    chosen.push({ weight: weights[at]!, dev: valuesAt(choose)[at]!.mean });
    const scored = evaluate(runs[at]!, test, [measure]).get(measure.name)!;
    for (const [query, value] of scored.perQuery) {
      sum += value;
      const ranked = runs[at]!.get(query);
      if (ranked) run.set(query, ranked);
    }
  }
  return { by: dev === null ? 'halves' : 'dev split', chosen, test: sum / qrels.size, run };
}

function halves(qrels: Qrels): { choose: Qrels; test: Qrels }[] {
  const isFirst = (query: string): boolean => createHash('sha256').update(query).digest()[0]! % 2 === 0;
  const [first, second] = [true, false].map((side) => new Map([...qrels].filter(([query]) => isFirst(query) === side)));
  if (!first?.size || !second?.size) {
    throw new Fault(
      `Expected enough judged queries to choose a weight on half of them, got ${qrels.size}. Give a dev split.`,
    );
  }
  return [
    { choose: first, test: second },
    { choose: second, test: first },
  ];
}

function checkApart(dev: Qrels, test: Qrels, reranked: Run): void {
  const both = [...dev.keys()].filter((query) => test.has(query));
  if (both.length > 0) {
    throw new Fault(
      `Expected dev queries that are no test queries, got ${both.length} that are, such as ${both[0]}. Choose another split.`,
    );
  }
  if (![...dev.keys()].some((query) => reranked.has(query))) {
    throw new Fault('Expected dev queries among those reranked, got none. Rerank the dev split too.');
  }
}
