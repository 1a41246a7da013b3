import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Fault } from '../../plan/fault.js';
import { packageRoot } from '../../plan/places.js';
import { readQrels, readRun } from '../../retrieval/files.js';
import { evaluate, parseMeasure } from '../../retrieval/metrics.js';
import type { Ranked, Run } from '../../retrieval/ranking.js';

const ranked = (...ids: string[]): Ranked => ids.map((id, i) => ({ id, score: -i }));
const one = (name: string, ids: string[], grades: Record<string, number>) => {
  const qrels = new Map([['q', new Map(Object.entries(grades))]]);
  return evaluate(new Map([['q', ranked(...ids)]]), qrels, [parseMeasure(name)]).get(name)!.mean;
};

describe('parseMeasure', () => {
  it('keeps the name', () => {
    for (const name of [
      'nDCG',
      'nDCG@10',
      'AP',
      'AP@100',
      'RR',
      'RR@10',
      'P@5',
      'R@1000',
      'Success@1',
      'Judged@10',
      'Hole@5',
    ]) {
      expect(parseMeasure(name).name).toBe(name);
    }
  });

  it.each([
    ['ndcg@10', 'nDCG@10'],
    ['nDGC@5', 'nDCG@5'],
    ['ndcg_cut_20', 'nDCG@20'],
    ['recall@100', 'R@100'],
    ['R', 'R@10'],
    ['P', 'P@10'],
    ['P@0', 'P@10'],
    ['P@05', 'P@5'],
    ['MRR@10', 'RR@10'],
    ['map', 'AP'],
    ['Sucess@3', 'Success@3'],
    ['hole_rate@5', 'Hole@5'],
    ['toString', 'nDCG'],
  ])('refuses %s and suggests %s', (name, meant) => {
    expect(() => parseMeasure(name)).toThrow(Fault);
    const known = 'Known are nDCG, nDCG@k, AP, AP@k, RR, RR@k, P@k, R@k, Success@k, Judged@k, Hole@k.';
    expect(() => parseMeasure(name, '--metric')).toThrow(
      `Expected a measure for --metric, got "${name}". Did you mean ${meant}? ${known}`,
    );
  });

  it('gives a measure or a Fault whose suggestion is a measure, for any name', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[a-zA-Z]{0,8}[@_. ]?\d{0,12}$/)), (name) => {
        try {
          expect(parseMeasure(name).name).toBe(name);
        } catch (error) {
          expect(error).toBeInstanceOf(Fault);
          const meant = /Did you mean (\S+)\?/.exec((error as Fault).message)![1]!;
          if (/^\D*\d{0,9}$/.test(name)) expect(parseMeasure(meant).name).toBe(meant);
        }
      }),
    );
  });
});

describe('measures by hand', () => {
  const found = ['a', 'x', 'b', 'c'];
  const grades = { a: 1, b: 2, c: 0, d: 1 };
  const log = Math.log2;
  it.each([
    ['nDCG', (1 + 2 / log(4)) / (2 + 1 / log(3) + 1 / log(4))],
    ['nDCG@2', 1 / (2 + 1 / log(3))],
    ['AP', (1 + 2 / 3) / 3],
    ['AP@2', 1 / 3],
    ['RR', 1],
    ['P@3', 2 / 3],
    ['P@10', 0.2],
    ['R@2', 1 / 3],
    ['R@100', 2 / 3],
    ['Success@1', 1],
    ['Judged@2', 1 / 2],
    ['Judged@10', 3 / 4],
    ['Hole@2', 1 / 2],
    ['Hole@10', 1 / 10],
  ])('%s', (name, value) => {
    expect(one(name, found, grades)).toBeCloseTo(value, 12);
  });

  it('are 0 where nothing is relevant, and grades below 0 gain nothing', () => {
    for (const name of ['nDCG', 'AP', 'RR', 'P@1', 'R@1', 'Success@1']) {
      expect(one(name, ['a'], { a: 0 })).toBe(0);
      expect(one(name, [], { a: 1 })).toBe(0);
    }
    expect(one('nDCG', ['bad', 'a'], { bad: -2, a: 1 })).toBeCloseTo(1 / log(3), 12);
  });

  it('count nothing retrieved as nothing judged and no hole, and a grade of -1 as no judgement', () => {
    expect([one('Judged@5', [], { a: 1 }), one('Hole@5', [], { a: 1 })]).toEqual([0, 0]);
    expect([one('Judged@2', ['a', 'b'], { a: -1, b: -2 }), one('Hole@2', ['a', 'b'], { a: -1, b: -2 })]).toEqual([
      0.5, 0.5,
    ]);
  });

  it('cut reciprocal rank at k', () => {
    expect(one('RR', ['x', 'y', 'a'], { a: 1 })).toBe(1 / 3);
    expect(one('RR@3', ['x', 'y', 'a'], { a: 1 })).toBe(1 / 3);
    expect(one('RR@2', ['x', 'y', 'a'], { a: 1 })).toBe(0);
  });
});

describe('evaluate', () => {
  const qrels = new Map([
    ['q1', new Map([['a', 1]])],
    ['q2', new Map([['b', 1]])],
  ]);
  const run: Run = new Map([
    ['q2', ranked('b')],
    ['unjudged', ranked('a')],
  ]);
  const measures = [parseMeasure('RR')];

  it('averages over all judged queries, or over those in the run', () => {
    expect(evaluate(run, qrels, measures).get('RR')).toEqual({
      mean: 0.5,
      perQuery: new Map([
        ['q1', 0],
        ['q2', 1],
      ]),
    });
    expect(evaluate(run, qrels, measures, { complete: false }).get('RR')).toEqual({
      mean: 1,
      perQuery: new Map([['q2', 1]]),
    });
  });

  it('orders by score as float32, ties by id descending, whatever the order given', () => {
    const tied: Ranked = [
      { id: 'a', score: 1 + 1e-9 },
      { id: 'b', score: 1 },
    ];
    expect(evaluate(new Map([['q1', tied]]), qrels, measures, { complete: false }).get('RR')!.mean).toBe(0.5);
  });

  it('refuses to average over nothing', () => {
    expect(() => evaluate(run, new Map(), measures)).toThrow(Fault);
    expect(() => evaluate(new Map(), qrels, measures, { complete: false })).toThrow(/share query ids/);
  });
});

const oracles = join(packageRoot, '../shared/oracles');
const present = existsSync(oracles);
if (!present) console.log('test/retrieval/metrics.test.ts: ../shared is absent, trec_eval is not compared with');

/** trec_eval's own names → ours. */
function ourName(theirs: string): string | undefined {
  const [, stem = '', cutoff] = /^(.*?)(?:_(\d+))?$/.exec(theirs)!;
  const names: Record<string, string> = {
    ndcg: 'nDCG',
    ndcg_cut: 'nDCG@',
    map: 'AP',
    map_cut: 'AP@',
    recip_rank: 'RR',
    P: 'P@',
    recall: 'R@',
    success: 'Success@',
    unj: 'Hole@',
  };
  const ours = names[stem];
  return ours && ours.endsWith('@') === (cutoff !== undefined) ? ours + (cutoff ?? '') : undefined;
}

describe.skipIf(!present)('trec_eval', () => {
  const fixtures = join(oracles, 'trec_eval');
  it.each([
    // its makefile runs: -q; -q -c and -q -c -M100 with the truncated run; -q -l2; the default measures; named cutoffs
    ['out.test.aq', 'results.test', 'qrels.test', { complete: false }, 45],
    ['out.test.aqc', 'results.trunc', 'qrels.test', { complete: true }, 45],
    ['out.test.aqcM', 'results.trunc', 'qrels.test', { complete: true, depth: 100 }, 45],
    ['out.test.aql', 'results.test', 'qrels.rel_level', { complete: false, relevantFrom: 2 }, 45],
    ['out.test.a', 'results.test', 'qrels.test.with-comments', { complete: false }, 45],
    ['out.test', 'results.test', 'qrels.test', { complete: false }, 11],
    ['out.comment.test', 'results.comment.test', 'qrels.comment.test', { complete: false }, 11],
    ['out.test.meas_params', 'results.test', 'qrels.test', { complete: false }, 11],
  ] as const)('%s', (output, runFile, qrelsFile, options, measureCount) => {
    const expected = readFileSync(join(fixtures, output), 'utf8')
      .trim()
      .split('\n')
      .flatMap((line) => {
        const [theirs = '', query = '', value = ''] = line.split(/\s+/);
        const name = ourName(theirs);
        return name === undefined ? [] : [{ name, query, value: Number(value) }];
      });
    const names = [...new Set(expected.map(({ name }) => name))];
    expect(names.length).toBe(measureCount);
    const scores = evaluate(
      readRun(join(fixtures, runFile)),
      readQrels(join(fixtures, qrelsFile)),
      names.map((name) => parseMeasure(name)),
      options,
    );
    const wrong = expected.filter(({ name, query, value }) => {
      const { mean, perQuery } = scores.get(name)!;
      return !(Math.abs((query === 'all' ? mean : perQuery.get(query)!) - value) <= 0.5001e-4);
    });
    expect(wrong).toEqual([]);
    const listed = new Set(expected.map(({ query }) => query));
    for (const { perQuery } of scores.values()) {
      for (const [query, value] of perQuery) if (listed.size > 1 && !listed.has(query)) expect(value).toBe(0);
    }
  });
});

// Its judge groups (the second column of qrels.123) are three sets of judgements, averaged query by query. Its other
// fixtures hold none of our measures (prefs) or want a file of z-scores that it does not carry (aqZ).
describe.skipIf(!present)('trec_eval, out.test.qrels_jg', () => {
  it('is the mean over judges', () => {
    const fixtures = join(oracles, 'trec_eval');
    const run = readRun(join(fixtures, 'results.test'));
    const judges = ['0', '1', '2'].map((judge) => {
      const qrels = new Map<string, Map<string, number>>();
      for (const line of readFileSync(join(fixtures, 'qrels.123'), 'utf8').trim().split('\n')) {
        const [query = '', by, document = '', grade] = line.split(/\s+/);
        if (by !== judge) continue;
        qrels.set(query, (qrels.get(query) ?? new Map()).set(document, Number(grade)));
      }
      return qrels;
    });
    const wrong = [];
    let compared = 0;
    for (const line of readFileSync(join(fixtures, 'out.test.qrels_jg'), 'utf8').trim().split('\n')) {
      const [theirs = '', query = '', value] = line.split(/\s+/);
      const name = ourName(theirs.replace('_avgjg', ''));
      if (name === undefined || query === 'all') continue;
      const values = judges.map(
        (qrels) =>
          evaluate(run, qrels, [parseMeasure(name)])
            .get(name)!
            .perQuery.get(query)!,
      );
      const mean = values.reduce((sum, one) => sum + one, 0) / values.length;
      compared++;
      if (!(Math.abs(mean - Number(value)) <= 0.5001e-4)) wrong.push({ name, query, mean, value });
    }
    expect(wrong).toEqual([]);
    expect(compared).toBe(30);
  });
});

describe.skipIf(!present)('published runs', () => {
  it.each([
    ['biology', 0.4349],
    ['economics', 0.3265],
    ['robotics', 0.2082],
    ['stackoverflow', 0.3096],
  ])('ReasonIR on %s', (name, ndcg) => {
    const folder = join(oracles, 'reasonir-runs');
    const [run, qrels] = [readRun(join(folder, `${name}.run`)), readQrels(join(folder, `${name}.qrels`))];
    const { mean } = evaluate(run, qrels, [parseMeasure('nDCG@10')]).get('nDCG@10')!;
    expect(mean.toFixed(4)).toBe(ndcg.toFixed(4));
  });

  it('BRIGHT theoremqa_theorems', () => {
    const folder = join(oracles, 'bright-theorems');
    const read = (file: string) => JSON.parse(readFileSync(join(folder, file), 'utf8'));
    const run = readRun(join(folder, 'score.json'));
    const published = Object.entries<number>(read('results.json')).map(([theirs, value]) => {
      const ours = theirs.replace('NDCG', 'nDCG').replace('MAP', 'AP').replace('Recall', 'R').replace('MRR', 'RR');
      return [ours, value] as const;
    });
    const results = evaluate(
      run,
      readQrels(join(folder, 'qrels.txt')),
      published.map(([name]) => parseMeasure(name)),
    );
    const found = published.map(([name]) => [name, Number(results.get(name)!.mean.toFixed(5))]);
    expect(found).toEqual(published);
    expect(found.length).toBe(25);
  });
});
