import { describe, expect, it } from 'vitest';
import { hash32 } from '../../data/permutation.js';
import { chooseWeight, interpolate } from '../../eval/interpolate.js';
import { reportReranking } from '../../eval/rerank/report.js';
import { countTies, tiePolicies } from '../../eval/ties.js';
import { Fault } from '../../plan/fault.js';
import { readQrels, readRun } from '../../retrieval/files.js';
import { evaluate, parseMeasure } from '../../retrieval/metrics.js';
import type { Qrels, Ranked, Run } from '../../retrieval/ranking.js';
import { hasShared, shared } from '../support/shared.js';

const list = (scores: Record<string, number>): Ranked => Object.entries(scores).map(([id, score]) => ({ id, score }));
const rr = parseMeasure('RR');

describe('ties', () => {
  const run: Run = new Map([['q', list({ a: 2, b: 1, c: 1, d: 1, e: 0 })]]);

  it('are counted by pairs', () => {
    expect(countTies(run)).toEqual({ distinct: 3, documents: 5, tiedPairs: 0.3 });
    expect(countTies(new Map([['q', list({ a: 1, b: 1 + 1e-9 })]])).tiedPairs).toBe(1);
    expect(countTies(new Map([['q', list({ a: 1 })]])).tiedPairs).toBe(0);
  });

  it('are broken by each policy on the same scores', () => {
    const qrels: Qrels = new Map([['q', new Map([['c', 1]])]]);
    const retriever: Run = new Map([['q', list({ e: 9, b: 8, c: 7, a: 6 })]]);
    const policies = tiePolicies(run, retriever, qrels, rr, 4000);
    expect(policies).toMatchObject({ worst: 1 / 4, documentId: 1 / 3, retriever: 1 / 3, best: 1 / 2 });
    expect(policies.random.mean).toBeCloseTo((1 / 2 + 1 / 3 + 1 / 4) / 3, 2);
    expect(policies.random.interval).toEqual([1 / 4, 1 / 2]);
    const { documentId } = policies;
    expect(documentId).toBe(evaluate(run, qrels, [rr]).get('RR')!.mean);
  });
});

it('the mean of random orders is that of all orders, counted out', () => {
  const ids = ['a', 'b', 'c', 'd', 'e'];
  const run: Run = new Map([['q', [...ids.map((id) => ({ id, score: 1 })), { id: 'z', score: 0 }]]]);
  const qrels: Qrels = new Map([
    ['q', new Map(Object.entries({ b: 2, d: 1, e: 0, z: 3 }))],
    ['none', new Map([['a', 1]])],
  ]);
  const orders = (left: readonly string[]): string[][] =>
    left.length === 0
      ? [[]]
      : left.flatMap((id) => orders(left.filter((other) => other !== id)).map((rest) => [id, ...rest]));
  for (const measure of ['nDCG@3', 'nDCG', 'AP', 'RR', 'Judged@2', 'R@2'].map((name) => parseMeasure(name))) {
    const values = orders(ids).map((order) => {
      const ranked = [...order, 'z'].map((id, i) => ({ id, score: -i }));
      return evaluate(new Map([['q', ranked]]), qrels, [measure]).get(measure.name)!.mean;
    });
    const exact = values.reduce((a, b) => a + b, 0) / values.length;
    const { random } = tiePolicies(run, run, qrels, measure, 20_000);
    expect(random.mean).toBeCloseTo(exact, 2);
    expect(random.interval[0]).toBeGreaterThanOrEqual(Math.min(...values) - 1e-12);
    expect(random.interval[1]).toBeLessThanOrEqual(Math.max(...values) + 1e-12);
  }
});

describe('interpolation', () => {
  const retriever: Run = new Map([['q', list({ a: 30, b: 20, c: 10, x: 90 })]]);
  const reranked: Run = new Map([['q', list({ a: 0, b: 4, c: 2 })]]);

  it('stretches both from 0 to 1 over what was reranked', () => {
    expect(interpolate(reranked, retriever, 0.5).get('q')).toEqual([
      { id: 'b', score: 0.75 },
      { id: 'a', score: 0.5 },
      { id: 'c', score: 0.25 },
    ]);
    expect(
      interpolate(reranked, retriever, 0)
        .get('q')!
        .map(({ id }) => id),
    ).toEqual(['a', 'b', 'c']);
  });

  // Queries 0 to 9 are served by the retriever's order, the others by the reranker's.
  const queries = Array.from({ length: 20 }, (_, i) => `q${i}`);
  const both = (scores: Record<string, number>): Run => new Map(queries.map((query) => [query, list(scores)]));
  const [first, second] = [both({ a: 1, b: 0 }), both({ a: 0, b: 1 })];
  const judged = (chosen: readonly string[], id: string): Qrels =>
    new Map(chosen.map((query) => [query, new Map([[id, 1]])]));
  const [easy, hard] = [judged(queries.slice(0, 10), 'a'), judged(queries.slice(10), 'b')];

  it('scores with the weight that the dev split chose, however bad it is for the test split', () => {
    const { chosen, by, test } = chooseWeight(second, first, hard, rr, easy);
    expect({ chosen, by, test }).toEqual({ chosen: [{ weight: 0, dev: 1 }], by: 'dev split', test: 0.5 });
  });

  it('without one chooses on each half for the other, and never on the query that is scored', () => {
    const { chosen, by, run } = chooseWeight(second, first, hard, rr);
    expect(by).toBe('halves');
    expect(chosen).toHaveLength(2);
    expect([...run.keys()].sort()).toEqual([...hard.keys()].sort());
    // One query alone is of another mind: its half's weight must come from the other half, and fail it.
    const [odd = ''] = hard.keys();
    const contrary = new Map([...hard, [odd, new Map([['a', 1]])]]);
    const { run: mixed } = chooseWeight(second, first, contrary, rr);
    expect(mixed.get(odd)![0]!.id).toBe('b');
  });

  it('refuses dev queries that are tested on, or that were not reranked, and too few to halve', () => {
    expect(() => chooseWeight(second, first, hard, rr, hard)).toThrow(/got 10 that are, such as q10/);
    expect(() => chooseWeight(second, first, hard, rr, judged(['z'], 'a'))).toThrow(/Rerank the dev split too/);
    expect(() => chooseWeight(second, first, judged(['q1'], 'a'), rr)).toThrow(Fault);
  });
});

describe.skipIf(!hasShared)('integer scores over ReasonIR’s runs', () => {
  // A stand-in for a language model: 0 to 5, higher for what is relevant, with much noise. Nothing else is made up.
  it.each(['biology', 'stackoverflow'])('of %s: interpolation beats arbitrary ties', (name) => {
    const retriever = readRun(shared('oracles/reasonir-runs', `${name}.run`));
    const qrels = readQrels(shared('oracles/reasonir-runs', `${name}.qrels`));
    const reranked = new Map(
      Array.from(retriever, ([query, ranked], q) => [
        query,
        ranked.map(({ id }, i) => {
          const noise = [1, 2, 3, 4].reduce((sum, k) => sum + hash32(q, i, k) / 2 ** 32 - 0.5, 0) * 1.9;
          const score = 2 + noise + ((qrels.get(query)?.get(id) ?? 0) > 0 ? 1.8 : 0);
          return { id, score: Math.min(5, Math.max(0, Math.round(score))) };
        }),
      ]),
    );
    const measure = parseMeasure('nDCG@10');
    const {
      ties,
      policies,
      interpolated,
      retriever: alone,
    } = reportReranking(reranked, retriever, { qrels, dev: null, measure });
    expect(ties.distinct).toBeLessThan(6.01);
    expect(policies.worst).toBeLessThan(policies.documentId);
    expect(policies.worst).toBeLessThan(policies.random.interval[0]);
    expect(policies.random.interval[1]).toBeLessThan(policies.retriever);
    expect(policies.retriever).toBeLessThan(policies.best);
    expect(interpolated.test).toBeGreaterThan(policies.random.interval[1] + 0.05);
    expect(interpolated.test).toBeGreaterThan(policies.documentId + 0.05);
    expect(interpolated.test).toBeGreaterThan(alone);
  });
});
