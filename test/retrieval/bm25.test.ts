import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readCollection } from '../../data/beir.js';
import { packageRoot } from '../../plan/places.js';
import { analyze } from '../../retrieval/analyzer.js';
import { Bm25, storedLength } from '../../retrieval/bm25.js';
import { evaluate, parseMeasure } from '../../retrieval/metrics.js';
import { compareRanked } from '../../retrieval/ranking.js';

/** The formula, document by document, with nothing shared with the index. */
function scoreOf(query: string, place: number, texts: string[]): number {
  const documents = texts.map(analyze);
  const filled = documents.filter((words) => words.length > 0);
  const mean = filled.reduce((sum, words) => sum + words.length, 0) / filled.length;
  const words = documents[place]!;
  let score = 0;
  for (const term of analyze(query)) {
    const tf = words.filter((word) => word === term).length;
    const df = documents.filter((other) => other.includes(term)).length;
    const idf = Math.log(1 + (filled.length - df + 0.5) / (df + 0.5));
    if (tf > 0) score += (idf * tf) / (tf + 0.9 * (0.6 + (0.4 * storedLength(words.length)) / mean));
  }
  return score;
}

describe('storedLength', () => {
  it('keeps what SmallFloat.intToByte4 keeps', () => {
    const stored = [0, 1, 23, 24, 39, 40, 41, 42, 55, 56, 57, 100, 1000, 100_000].map(storedLength);
    expect(stored).toEqual([0, 1, 23, 24, 39, 40, 40, 42, 54, 56, 56, 96, 984, 98_328]);
  });
});

describe('Bm25', () => {
  const word = fc.constantFrom('bee', 'bees', 'fly', 'honey', 'the', 'wax', 'hive');
  const text = fc.array(word, { maxLength: 60 }).map((words) => words.join(' '));

  it("scores as the formula does and ranks by trec_eval's order", () => {
    fc.assert(
      fc.property(
        fc.array(text, { minLength: 1, maxLength: 8 }),
        text,
        fc.integer({ min: 1, max: 9 }),
        (texts, query, k) => {
          const ids = texts.map((_, i) => `d${i}`);
          const found = new Bm25({ ids, texts }).search(query, k);
          const expected = new Map(ids.map((id, i) => [id, scoreOf(query, i, texts)]));
          const matching = [...expected.values()].filter((score) => score > 0).sort((a, b) => b - a);
          expect(found.length).toBe(Math.min(k, matching.length));
          for (const [i, { id, score }] of found.entries()) {
            expect(score).toBeCloseTo(expected.get(id)!, 4);
            expect(score).toBeCloseTo(matching[i]!, 4);
          }
          expect([...found].sort(compareRanked)).toEqual(found);
        },
      ),
    );
  });

  it('leaves out excluded documents, and puts the next in their place', () => {
    const index = new Bm25({ ids: ['a', 'b', 'c', 'd'], texts: ['bee', 'bee fly', 'bee fly wax', 'hive'] });
    expect(index.search('bees', 2).map(({ id }) => id)).toEqual(['a', 'b']);
    expect(index.search('bees', 2, ['a', 'no such document']).map(({ id }) => id)).toEqual(['b', 'c']);
  });

  it('finds nothing for a query of stop words or unknown words', () => {
    const index = new Bm25({ ids: ['a'], texts: ['the bee'] });
    expect(index.search('the honey', 5)).toEqual([]);
  });

  // SciFact: pyserini's BEIR baseline (flat index) is nDCG@10 0.679, R@100 0.925.
  // PEP citations: measured here when written; it guards the exclusion and long queries.
  it.each([
    ['scifact', 0.679, 0.925],
    ['pep-citations', 0.293, 0.654],
  ])('%s: nDCG@10 %d, R@100 %d', (name, ndcg, recall) => {
    const { corpus, queries, qrels } = readCollection(join(packageRoot, 'examples', name), 'test');
    const index = new Bm25(corpus);
    const run = new Map(queries.map(({ id, text, excluded }) => [id, index.search(text, 100, excluded)]));
    const scores = evaluate(run, qrels, [parseMeasure('nDCG@10'), parseMeasure('R@100')]);
    expect(Math.abs(scores.get('nDCG@10')!.mean - ndcg)).toBeLessThan(0.002);
    expect(Math.abs(scores.get('R@100')!.mean - recall)).toBeLessThan(0.002);
  });
});

describe('BRIGHT’s BM25', () => {
  const { documents, queries, scores }: { documents: string[]; queries: string[]; scores: number[][] } = JSON.parse(
    readFileSync(new URL('bm25-bright.json', import.meta.url), 'utf8'),
  );
  const index = new Bm25({ ids: documents.map((_, i) => `${i}`), texts: documents }, 'bright');

  it('scores as gensim does, query terms weighted too', () => {
    for (const [q, query] of queries.entries()) {
      const found = new Map(index.search(query, documents.length).map(({ id, score }) => [id, score]));
      const reference = scores[q] as number[];
      expect(found.size).toBe(reference.filter((score) => score > 0).length);
      for (const [i, score] of reference.entries()) {
        expect(Math.abs((found.get(`${i}`) ?? 0) - score)).toBeLessThan(1e-5 * Math.max(1, score));
      }
    }
  });

  it('ranks within a pool alone', () => {
    const [query] = queries.slice(3) as [string];
    const all = index.search(query, 50);
    const pool = ['3', '7', '12', 'not there'];
    expect(index.search(query, 50, ['7'], pool)).toEqual(all.filter(({ id }) => ['3', '12'].includes(id)));
  });
});
