import { describe, expect, it } from 'vitest';
import { compareResults } from '../../eval/compare.js';
import type { Result } from '../../eval/result.js';
import { Fault } from '../../plan/fault.js';

function result(system: string, values: Record<string, number>, more: Partial<Result> = {}): Result {
  const perQuery = { RR: values };
  return { system, model: system, set: 's', split: 'test', queries: 3, metrics: {}, perQuery, ...more };
}

const base = result('base', { a: 0.5, b: 0, c: 1, d: 0.2 });

describe('compareResults', () => {
  it('pairs queries, and orders those that changed by how much', () => {
    const [one, ...more] = compareResults([base, result('other', { d: 0.2, c: 0.25, b: 1, a: 0.75, e: 1 })]);
    expect(more).toEqual([]);
    expect(one).toMatchObject({ set: 's, test', measure: 'RR', system: 'other', baseline: 'base', queries: 4 });
    expect(one).toMatchObject({ wins: 2, ties: 1, losses: 1, exact: true });
    expect(one?.difference).toBeCloseTo(0.125, 12);
    expect(one?.means.system).toBeCloseTo(0.55, 12);
    expect(one?.changes).toEqual([
      { query: 'b', before: 0, after: 1 },
      { query: 'c', before: 1, after: 0.25 },
      { query: 'a', before: 0.5, after: 0.75 },
    ]);
  });

  it('corrects over all comparisons at once, of every set', () => {
    const better = { a: 0.6, b: 0.1, c: 1.1, d: 0.3 };
    const [second, secondBase] = [{ set: 't' }, result('base', base.perQuery.RR ?? {}, { set: 't' })];
    const all = compareResults([base, result('x', better), secondBase, result('x', better, second)], 'base');
    expect(all.map(({ set, p, holm }) => [set, p, holm])).toEqual([
      ['s, test', 0.125, 0.25],
      ['t, test', 0.125, 0.25],
    ]);
  });

  it.each([
    ['a baseline that is not there', [base, result('other', { a: 1 })], 'bm25', /got only base, other\. Choose one/],
    ['one system alone', [base], undefined, /Expected two systems on s, test, got only base/],
    ['queries that are not shared', [base, result('other', { z: 1 })], undefined, /none that base and other share/],
  ])('refuses %s', (_what, results, baseline, message) => {
    expect(() => compareResults(results, baseline)).toThrow(Fault);
    expect(() => compareResults(results, baseline)).toThrow(message);
  });
});
