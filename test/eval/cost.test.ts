import { describe, expect, it } from 'vitest';
import { costTables, indexCost, queryCost } from '../../eval/cost.js';
import type { Result } from '../../eval/result.js';
import type { Prices } from '../../plan/prices.js';

const prices: Prices = {
  currency: 'EUR',
  machine_per_hour: 3.6,
  embeddings_per_million: 10,
  language_model_per_million: { input: 2, output: 4 },
  reranking: {
    depths: [10, 100],
    prompt_tokens: 60,
    answer_tokens: 5,
    query_tokens: null,
    document_tokens: null,
    cross_encoder_pairs_per_second: null,
  },
  web_search_per_thousand: 7,
};

const cost = {
  where: 'machine' as const,
  queriesPerSecond: 1,
  seconds: { documents: 1000, queries: 3, search: 1 },
  indexBytes: 8,
  documentTokens: 1200,
  tokensPerQuery: { encoder: 20 },
};
const result: Result = {
  system: 's',
  model: 's',
  set: 'x',
  queries: 4,
  documents: 10,
  metrics: {},
  perQuery: {},
  cost,
};
const server: Result = { ...result, system: 'e', cost: { ...cost, where: 'endpoint' } };

describe('cost', () => {
  it('is the machine’s time where it embeds and searches, and tokens where a server does', () => {
    // A second a query, at a thousandth a second.
    expect(queryCost(result, prices)).toEqual({ money: expect.closeTo(1, 12), tokens: 0 });
    expect(indexCost(result, prices)).toBeCloseTo(1, 12);
    // A quarter of a second of search, and 20 tokens at a hundred-thousandth.
    expect(queryCost(server, prices)).toEqual({ money: expect.closeTo(0.25 + 0.2, 12), tokens: 20 });
    expect(indexCost(server, prices)).toBeCloseTo(0.012, 12);
    expect(queryCost({ ...result, cost: undefined }, prices)).toBeUndefined();
  });

  it('counts what a rewriter reads and writes', () => {
    const rewritten = { ...cost, tokensPerQuery: { encoder: 20, rewriterInput: 100, rewriterOutput: 50 } };
    expect(queryCost({ ...result, cost: rewritten }, prices)).toEqual({
      money: expect.closeTo(1 + 0.2 + 0.2, 12),
      tokens: 150,
    });
  });

  it('sets rerankers at several depths and web search beside a system, with what is assumed', () => {
    const [table] = costTables([result], prices);
    // A document: 60 + 20 + 120 tokens read at 2, 5 written at 4, a million.
    const each = (200 * 2 + 5 * 4) / 1e6;
    expect(table?.rows).toEqual([
      { what: 's', money: expect.closeTo(1, 12), tokens: 0, times: 1 },
      {
        what: 's, best 10 reranked',
        money: expect.closeTo(1 + 1e4 * each, 12),
        tokens: 2050,
        times: expect.closeTo(5.2, 9),
      },
      {
        what: 's, best 100 reranked',
        money: expect.closeTo(1 + 1e5 * each, 12),
        tokens: 20500,
        times: expect.closeTo(43, 9),
      },
      { what: 'web search', money: 7, tokens: 0, times: expect.closeTo(7, 9) },
    ]);
    expect(table?.assumptions.join('\n')).toContain(
      '60 tokens of prompt, 20 of query (counted by s), 120 of document (counted by s), 5 of answer',
    );
  });

  it('sets a cross-encoder at the same depths beside them, by the pairs that it reads a second', () => {
    const reranking = { ...prices.reranking, cross_encoder_pairs_per_second: 50 };
    const [table] = costTables([result, server], { ...prices, reranking });
    const crossed = table?.rows.filter(({ what }) => what.endsWith('cross-encoder'));
    // 10,000 pairs at 50 a second are 200 s, at a thousandth a second.
    expect(crossed).toMatchObject([
      { what: 's, best 10 by a cross-encoder', money: expect.closeTo(1 + 0.2, 12), tokens: 0 },
      { what: 's, best 100 by a cross-encoder', money: expect.closeTo(1 + 2, 12), tokens: 0 },
      { what: 'e, best 10 by a cross-encoder', money: expect.closeTo(0.45 + 0.2, 12), tokens: 20 },
      { what: 'e, best 100 by a cross-encoder', money: expect.closeTo(0.45 + 2, 12), tokens: 20 },
    ]);
    expect(table?.assumptions.join('\n')).toContain('a cross-encoder: 50 pairs a second on that machine');
  });

  it('needs a measured cost, and the length of texts from somewhere', () => {
    expect(() => costTables([{ ...result, cost: undefined }], prices)).toThrow(/measured cost for --cost, got none/);
    const uncounted = { ...cost, documentTokens: null, tokensPerQuery: { encoder: null } };
    expect(() => costTables([{ ...result, cost: uncounted }], prices)).toThrow(/Set reranking\.query_tokens/);
    const given = { ...prices, reranking: { ...prices.reranking, query_tokens: 1, document_tokens: 2 } };
    expect(costTables([{ ...result, cost: uncounted }], given)[0]?.assumptions.join()).toContain(
      '2 of document (the price file)',
    );
  });
});
