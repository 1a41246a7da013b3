import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { writeConcepts } from '../../data/concepts/write.js';
import { convertSource } from '../../data/convert.js';
import { auditSource } from '../../data/mining/audit.js';
import { keptBm25Negatives } from '../../data/mining/kept-bm25.js';
import { mineSource } from '../../data/mining/mine.js';
import { type MinedLine, readMined } from '../../data/mining/mined-file.js';
import { bm25Negatives, fuse } from '../../data/mining/rank.js';
import { readTruth } from '../../data/mining/truth.js';
import { scoreOf, vectorsOf } from '../../data/mining/vectors.js';
import { hash32 } from '../../data/permutation.js';
import { openPairScorer } from '../../data/relevance/pair-scorer.js';
import { readSource } from '../../data/source.js';
import { openStandIn } from '../../endpoint/stand-in/stand-in.js';
import type { MiningPlan, SourcePlan } from '../../plan/data.js';
import { cacheFolder } from '../../plan/places.js';
import type { RunPlan } from '../../plan/schema.js';
import { approximateIndex, recallOf } from '../../retrieval/approximate.js';
import { searchExact } from '../../retrieval/dense.js';
import { useBackend } from '../../tensor/backend.js';
import { crossEncoderFixture } from '../support/cross-encoder.js';
import { writeTinyCollection, writeTinyModel } from '../support/tiny.js';

let scratch: string;
let model: string;
let collection: SourcePlan;
beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'reasontune-mining-'));
  vi.stubEnv('REASONTUNE_CACHE', join(scratch, 'cache'));
  model = writeTinyModel(join(scratch, 'model'));
  const path = writeTinyCollection(join(scratch, 'collection'));
  collection = { name: 'words', kind: 'public', path, split: 'train', weight: 1 };
  await useBackend('wasm');
});
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(scratch, { recursive: true });
});

type Data = Pick<RunPlan['data'], 'negatives' | 'faults' | 'mining'>;
const data = (from: 'source' | 'mined', per_query: number, mining?: MiningPlan): Data => ({
  faults: 'stop',
  negatives: { per_query, from, ranks: [1, 50], choose: 'first' },
  mining,
});
const quiet = (): void => {};
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(scratch, 'mined-'));
});
const mining = (change: Partial<MiningPlan> = {}): MiningPlan => ({
  by: ['bm25'],
  ranks: [1, 20],
  search: 'exact',
  number: 3,
  guards: [],
  folder,
  ...change,
});
const read = () => readSource(collection, data('source', 0));
const minedLines = (): MinedLine[] =>
  readFileSync(join(folder, 'words.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => JSON.parse(line));

describe('mining', () => {
  it('writes what training reads: best first, never a positive', async () => {
    const source = await read();
    const plan = mining({ by: [model] });
    const mined = await mineSource(source, plan, quiet);
    expect(mined).toMatchObject({ queries: 18, negatives: 54, short: 0, leftOut: {} });
    const vectors = await vectorsOf(source, model, quiet);
    const trained = await readSource(collection, data('mined', 3, plan));
    trained.pairs.forEach(({ query, positive, negatives }) => {
      // Against every document scored by hand.
      const best = source.documents
        .map((_, place) => ({ place, score: scoreOf(vectors, query, place) }))
        .filter(({ place }) => place !== positive)
        .sort((a, b) => b.score - a.score);
      expect(negatives).toEqual(best.slice(0, 3).map(({ place }) => place));
    });
  });

  it('takes a window of ranks, and merges rankings', async () => {
    const source = await read();
    await mineSource(source, mining({ by: [model], number: 9 }), quiet);
    const all = minedLines();
    await mineSource(source, mining({ by: [model], number: 2, ranks: [4, 9] }), quiet);
    expect(minedLines().map(({ negatives }) => negatives)).toEqual(all.map(({ negatives }) => negatives.slice(3, 5)));
    await mineSource(source, mining({ by: [model, 'bm25'] }), quiet);
    expect(minedLines()).not.toEqual(all.map((line) => ({ ...line, negatives: line.negatives.slice(0, 3) })));
    const ranked = (...ids: string[]) => ids.map((id, i) => ({ id, score: -i }));
    expect(fuse([ranked('a', 'b', 'c'), ranked('b', 'd')], 3).map(({ id }) => id)).toEqual(['b', 'a', 'd']);
  });

  it('takes one document of a family, and none of a positive’s', async () => {
    // d1x are one family, d2x another, d0 to d9 are on their own.
    await mineSource(await read(), mining({ by: [model], number: 20, family: '^(d\\d)\\d$' }), quiet);
    for (const { query, negatives } of minedLines()) {
      const families = negatives.map((id) => (id.length === 3 ? id.slice(0, 2) : id));
      expect(new Set(families).size).toBe(families.length);
      expect(query).toBeLessThan(18);
    }
    expect(minedLines().some(({ left_out }) => (left_out.family ?? 0) > 0)).toBe(true);
  });

  it('leaves out what guards object to, and counts it', async () => {
    const source = await read();
    const guards: MiningPlan['guards'] = [{ type: 'positive-margin', ratio: null, margin: 0, softness: null }];
    const { leftOut } = await mineSource(source, mining({ by: [model], guards, number: 30, ranks: [1, 30] }), quiet);
    const vectors = await vectorsOf(source, model, quiet);
    const positives = new Map(source.pairs.map(({ query, positive }) => [query, positive]));
    const places = new Map(source.ids.map((id, place) => [id, place]));
    let above = 0;
    source.queries.forEach((_, query) => {
      const bound = scoreOf(vectors, query, positives.get(query)!);
      above += source.documents.filter((_d, place) => scoreOf(vectors, query, place) > bound).length;
    });
    expect(leftOut).toEqual({ 'positive-margin +0': above });
    expect(above).toBeGreaterThan(0);
    for (const { query, negatives } of minedLines()) {
      const bound = scoreOf(vectors, query, positives.get(query)!);
      for (const id of negatives) expect(scoreOf(vectors, query, places.get(id)!)).toBeLessThanOrEqual(bound);
    }
  });

  it('goes on where it was stopped, to the same file', async () => {
    const source = await read();
    const plan = mining({ by: [model] });
    await mineSource(source, plan, quiet);
    const path = join(folder, 'words.jsonl');
    const whole = readFileSync(path, 'utf8');
    const lines = whole.split('\n');
    // Half a line at the end, and a line that tells of an earlier run: it is kept, and not made again.
    const kept = lines[1]!.replace(/"negatives":\[[^\]]*\]/, '"negatives":["d5"]');
    writeFileSync(`${path}.part`, [lines[0], kept, lines[2], lines[3]!.slice(0, 9)].join('\n'));
    rmSync(path);
    await mineSource(source, plan, quiet);
    expect(readFileSync(path, 'utf8')).toBe([lines[0], kept, ...lines.slice(2)].join('\n'));
    // Begun in another way: all anew.
    writeFileSync(`${path}.part`, [lines[0]!.replace('"number":3', '"number":4'), kept, ''].join('\n'));
    rmSync(path);
    await mineSource(source, plan, quiet);
    expect(readFileSync(path, 'utf8')).toBe(whole);
  });

  it('is not repeated where the same was mined before', async () => {
    const source = await read();
    const path = join(folder, 'words.jsonl');
    const first = await mineSource(source, mining({ by: [model] }), quiet);
    const { ino } = statSync(path);
    expect(await mineSource(source, mining({ by: [model] }), quiet)).toEqual({ ...first, recall: {} });
    expect(statSync(path).ino).toBe(ino);
    await mineSource(source, mining({ by: [model], number: 2 }), quiet);
    expect(statSync(path).ino).not.toBe(ino);
  });

  it('by BM25 as training takes it is kept, whole or not at all', async () => {
    const source = await read();
    const cache = (): string[] => readdirSync(cacheFolder('bm25')).filter((name) => name.endsWith('.i32'));
    rmSync(cacheFolder('bm25'), { recursive: true, force: true });
    const found = bm25Negatives(source, [1, 9]);
    for (const _ of ['made', 'read']) expect(keptBm25Negatives(source, [1, 9])).toEqual(found);
    const [file] = cache() as [string];
    // A wrong list with a right checksum is believed, so the second one did come from there; a damaged file is not.
    const bytes = readFileSync(cacheFolder('bm25', file));
    bytes[4] = 23;
    writeFileSync(cacheFolder('bm25', file), bytes);
    expect(keptBm25Negatives(source, [1, 9])).toEqual(found);
    bytes.writeUInt32LE(crc32(bytes.subarray(0, -4)), bytes.length - 4);
    writeFileSync(cacheFolder('bm25', file), bytes);
    expect(keptBm25Negatives(source, [1, 9])[0]![0]).toBe(23);
    keptBm25Negatives(source, [2, 9]);
    keptBm25Negatives({ ...source, barred: source.barred.map((ids) => [...ids, 'd3']) }, [1, 9]);
    expect(cache()).toHaveLength(3);
  });

  it('is refused for other data, for another way of mining, and where it is not whole', async () => {
    const source = await read();
    const plan = mining();
    expect(() => readMined(source, plan)).toThrow(/at .*words\.jsonl, got none\. Run `reasontune data mine`/);
    await mineSource(source, plan, quiet);
    const other = { ...source, documents: source.documents.with(3, 'another text') };
    expect(() => readMined(other, plan)).toThrow(/got some for other queries or documents/);
    expect(() => readMined({ ...source, barred: source.barred.with(0, ['d3']) }, plan)).toThrow(/for other queries/);
    expect(() => readMined(source, { ...plan, ranks: [2, 20] })).toThrow(/mined as data\.mining says/);
    expect(() => readMined(source, { ...plan, by: [model] })).toThrow(/mined as data\.mining says/);
    const path = join(folder, 'words.jsonl');
    const lines = readFileSync(path, 'utf8').split('\n');
    writeFileSync(path, [...lines.slice(0, -2), ''].join('\n'));
    expect(() => readMined(source, plan)).toThrow(/a line for each query .* got none for query 17/);
    writeFileSync(path, '{"query": "q", "pos": ["a"]}\n');
    expect(() => readMined(source, plan)).toThrow(/a file that `data mine` wrote/);
  });
});

describe('vectors', () => {
  it('are kept, and made again where their file is damaged', async () => {
    const source = await read();
    const first = await vectorsOf(source, model, quiet);
    const kept = readdirSync(join(scratch, 'cache/vectors')).map((name) => join(scratch, 'cache/vectors', name));
    const before = kept.map((file) => readFileSync(file));
    kept.forEach((file, i) => {
      writeFileSync(
        file,
        before[i]!.map((byte, at) => (at === 5 ? byte ^ 64 : byte)),
      );
    });
    const again = await vectorsOf(source, model, quiet);
    expect(again.documents.values).toEqual(first.documents.values);
    expect(again.queries.values).toEqual(first.queries.values);
    expect(again.hash).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe('relabelling', () => {
  const prompt = (): string => {
    const file = join(scratch, 'prompt.txt');
    writeFileSync(file, 'Q: {query} D: {document}');
    return file;
  };
  const reranker = (url: string, more = ''): string => {
    const file = join(mkdtempSync(join(scratch, 'reranker-')), 'judge.yaml');
    const served = `endpoint: {url: "${url}", model: org/judge, retries: 0${more}}`;
    writeFileSync(file, `type: pointwise\nprompt: ${prompt()}\nscale: [0, 5]\n${served}\n`);
    return file;
  };
  const asks = (file: string, action: 'drop' | 'positive'): MiningPlan['guards'] => [
    { type: 'relabel', with: file, at_least: 4, action },
  ];
  // A judge that likes one document, says nothing of another, and dislikes the rest.
  const judge = (liked: string, odd: string) =>
    openStandIn(({ prompt: asked }) => ({
      text: asked.includes(`D: ${liked}`) ? '5' : asked.includes(`D: ${odd}`) ? 'who knows' : '1',
    }));

  it('drops what a language model calls an answer, or makes it a positive; asks nothing twice', async () => {
    const source = await read();
    await mineSource(source, mining({ by: [model] }), quiet);
    const before = minedLines();
    const [liked, odd] = before[0]!.negatives.slice(0, 2).map((id) => source.documents[source.ids.indexOf(id)]!);
    const server = await judge(liked!, odd!);
    try {
      const file = reranker(server.url);
      const dropping = mining({ by: [model], guards: asks(file, 'drop') });
      const dropped = await mineSource(source, dropping, quiet);
      const name = 'relabel judge ≥ 4';
      const id = source.ids[source.documents.indexOf(liked!)]!;
      const had = before.filter(({ negatives }) => negatives.includes(id)).length;
      expect(had).toBeGreaterThan(0);
      expect(dropped).toMatchObject({ negatives: 54, positives: 0, leftOut: { [name]: had } });
      expect(dropped.unjudged).toBeGreaterThan(0);
      expect(minedLines().every(({ negatives }) => !negatives.includes(id))).toBe(true);
      const requests = server.asked.length;
      expect(new Set(server.asked.map(({ prompt: asked }) => asked)).size).toBe(requests);

      const moving = mining({ by: [model], guards: asks(file, 'positive') });
      expect(await mineSource(source, moving, quiet)).toMatchObject({ positives: had, leftOut: { [name]: had } });
      expect(server.asked.length).toBe(requests);
      const trained = await readSource(collection, data('mined', 3, moving));
      expect(trained.pairs.length).toBe(source.pairs.length + had);
      const added = trained.pairs.slice(source.pairs.length);
      const place = source.ids.indexOf(id);
      for (const { query, positive, negatives } of added) {
        expect(positive).toBe(place);
        expect(negatives).not.toContain(place);
        expect(trained.barred[query]).toContain(id);
      }
      expect(trained.labelOf(source.pairs.length)).toMatch(new RegExp(`^q\\d+ → d\\d+, relabelled ${id}$`));
      // The file tells the judge, and another prompt is another judge.
      const path = join(folder, 'words.jsonl');
      const head = JSON.parse(readFileSync(path, 'utf8').split('\n')[0]!);
      expect(head.judges).toMatchObject([{ with: file, model: 'org/judge' }]);
    } finally {
      await server.close();
    }
  });

  it('in an audit has a row with precision and recall, and stops at the budget with what was answered kept', async () => {
    const path = join(scratch, 'judged');
    writeConcepts(path, { seed: 4, concepts: 10, planted: 0.4 });
    const source = await readSource({ ...collection, name: 'easy', path: join(path, 'easy.jsonl') }, data('source', 1));
    const truth = readTruth(path, 'truth');
    const right = new Set(
      source.pairs.flatMap(({ query, negatives }) =>
        negatives.flatMap((n) => {
          const [q, d] = [source.queries[query]!, source.documents[n]!];
          return truth(q, d) ? [`Q: ${q} D: ${d}`] : [];
        }),
      ),
    );
    const server = await openStandIn(({ prompt: asked }) => ({ text: right.has(asked) ? '4' : '3' }));
    try {
      const settings = (file: string) => ({ guards: asks(file, 'drop'), model, by: [], truth });
      const poor = reranker(server.url, ', concurrency: 1, budget: {requests: 20}');
      await expect(auditSource(source, settings(poor), quiet)).rejects.toThrow(/endpoint\.budget\.requests/);
      expect(server.asked.length).toBe(20);
      const audit = await auditSource(source, settings(reranker(server.url)), quiet);
      expect(audit.verdicts).toMatchObject([{ precision: 1, recall: 1, unjudged: 0, dropped: audit.falseNegatives }]);
      const negatives = new Set(source.pairs.flatMap((p) => p.negatives.map((n) => `${p.query} ${n}`)));
      expect(server.asked.length).toBe(negatives.size);
    } finally {
      await server.close();
    }
  });

  it('by a cross-encoder drops what it scores so high, the instruction left out', async () => {
    const bare = await read();
    const source = { ...bare, instructions: bare.queries.map(() => 'Find an answer.') };
    await mineSource(source, mining(), quiet);
    const judge = { model: crossEncoderFixture('xlm-roberta'), label: null, max_length: null };
    const file = join(scratch, 'cross.yaml');
    writeFileSync(file, `type: cross-encoder\nmodel: ${judge.model}\n`);
    const scorer = await openPairScorer(judge);
    const scoreOfPair = async (query: number, id: string): Promise<number> =>
      (await scorer.score(source.queries[query]!, source.documents[source.ids.indexOf(id)]!)).score;
    const firsts = await Promise.all(minedLines().map(({ query, negatives }) => scoreOfPair(query, negatives[0]!)));
    const bound = firsts.sort((a, b) => a - b)[firsts.length >> 1]!;
    const guards = (at_least: number): MiningPlan['guards'] => [
      { type: 'relabel', with: file, at_least, action: 'drop' },
    ];
    const dropped = await mineSource(source, mining({ guards: guards(bound) }), quiet);
    expect(dropped.leftOut[`relabel xlm-roberta ≥ ${bound}`]).toBeGreaterThanOrEqual(firsts.length >> 1);
    for (const { query, negatives } of minedLines()) {
      for (const id of negatives) expect(await scoreOfPair(query, id)).toBeLessThan(bound);
    }
    const head = JSON.parse(readFileSync(join(folder, 'words.jsonl'), 'utf8').split('\n')[0]!);
    expect(head.judges).toEqual([{ with: file, model: judge.model, hash: scorer.hash.slice(0, 16) }]);
    scorer.dispose();
    await expect(mineSource(source, mining({ guards: guards(1.5) }), quiet)).rejects.toThrow(
      /at_least above 0 and up to 1, the scale of .*cross\.yaml/,
    );
  });

  it('is refused a listwise reranker, and a bound that is not on the scale', async () => {
    const source = await read();
    const file = join(scratch, 'listwise.yaml');
    writeFileSync(file, `type: listwise\nprompt: ${prompt()}\nendpoint: {url: "http://127.0.0.1:1/v1", model: m}\n`);
    await expect(mineSource(source, mining({ guards: asks(file, 'drop') }), quiet)).rejects.toThrow(
      /Expected type: pointwise or cross-encoder in .*listwise\.yaml/,
    );
    const guards: MiningPlan['guards'] = [
      { type: 'relabel', with: reranker('http://127.0.0.1:1/v1'), at_least: 0, action: 'drop' },
    ];
    await expect(mineSource(source, mining({ guards }), quiet)).rejects.toThrow(/at_least above 0 and up to 5/);
  });
});

describe('a judge that knows the answers', () => {
  let path: string;
  const known = (change: object): MiningPlan['guards'] => [
    { type: 'truth', collection: path, split: 'truth', wrong: 0, action: 'drop', ...change },
  ];
  const plan = (guards: MiningPlan['guards']): MiningPlan =>
    mining({ by: [model], ranks: [1, 40], number: 10, guards });
  const easy = (given: Data) => readSource({ ...collection, name: 'easy', path, split: 'easy' }, given);
  beforeAll(() => {
    path = join(scratch, 'known');
    writeConcepts(path, { seed: 5, concepts: 12, planted: 0 });
  });

  it('leaves out right answers and no others, or trains on them', async () => {
    const source = await easy(data('source', 0));
    const truth = readTruth(path, 'truth');
    const right = ({ pairs, queries, documents }: typeof source): number =>
      pairs.flatMap((pair) => pair.negatives.filter((n) => truth(queries[pair.query]!, documents[n]!))).length;
    await mineSource(source, plan([]), quiet);
    expect(right(await easy(data('mined', 10, plan([]))))).toBeGreaterThan(20);
    const dropped = await mineSource(source, plan(known({})), quiet);
    expect(right(await easy(data('mined', 10, plan(known({})))))).toBe(0);
    const moving = plan(known({ action: 'positive' }));
    const moved = await mineSource(source, moving, quiet);
    expect(moved).toMatchObject({
      positives: dropped.leftOut.truth,
      leftOut: { 'truth to positives': moved.positives },
    });
    const trained = await easy(data('mined', 10, moving));
    expect(trained.pairs.length).toBe(source.pairs.length + moved.positives);
    for (const pair of trained.pairs) {
      expect(truth(trained.queries[pair.query]!, trained.documents[pair.positive]!)).toBe(true);
    }
  });

  it('errs as often as it is told, always in the same pairs', async () => {
    const source = await easy(data('source', 0));
    const guards = [...known({}), ...known({ wrong: 0.25 }), ...known({ wrong: 1 })];
    const audited = { guards, model, by: [model], truth: readTruth(path, 'truth') };
    const mined = { plan: plan(guards), from: source };
    const audit = await auditSource(source, { ...audited, mined }, quiet);
    const { number, rightAnswers } = audit.candidates!;
    const [never, quarter, always] = audit.verdicts;
    expect(never).toMatchObject({ guard: 'truth', dropped: rightAnswers, precision: 1, recall: 1 });
    expect(quarter!.guard).toBe('truth, 25 % wrong');
    expect(Math.abs(quarter!.recall! - 0.75)).toBeLessThan(0.15);
    expect(always).toMatchObject({ guard: 'truth, 100 % wrong', dropped: number - rightAnswers!, recall: 0 });
    expect((await auditSource(source, { ...audited, mined }, quiet)).verdicts).toEqual(audit.verdicts);
  });
});

describe('approximate search', () => {
  it('finds nearly what exact search finds, says how nearly, and mines the same twice', async () => {
    const source = await read();
    const exact = await mineSource(source, mining({ by: [model] }), quiet);
    const before = minedLines();
    expect(exact.recall).toEqual({});
    const found = await mineSource(source, mining({ by: [model], search: 'approximate' }), quiet);
    // A graph over 24 documents reaches all of them.
    expect(found.recall).toEqual({ [model]: 1 });
    expect(minedLines()).toEqual(before);
  });

  it('leaves out excluded documents, and its recall is counted', async () => {
    const [width, count] = [8, 3000];
    const values = Float32Array.from({ length: width * count }, (_, i) => (hash32(i) / 2 ** 32) * 2 - 1);
    const documents = { values, width, ids: Array.from({ length: count }, (_, i) => `d${i}`) };
    const asked = { values: values.subarray(0, 40 * width), width };
    const index = await approximateIndex(documents, 30);
    const whole = searchExact(asked, documents, 20, { excluded: [] });
    const excluded = whole.map((ranked) => ranked.slice(0, 5).map(({ id }) => id));
    const exact = searchExact(asked, documents, 20, { excluded });
    const found = index.search(asked, 20, excluded);
    const recall = recallOf(found, exact);
    expect(recall).toBeGreaterThan(0.9);
    found.forEach((ranked, i) => {
      expect(ranked).toHaveLength(20);
      for (const { id } of ranked) expect(excluded[i]).not.toContain(id);
    });
    expect(
      recallOf(
        [[{ id: 'a', score: 1 }]],
        [
          [
            { id: 'a', score: 1 },
            { id: 'b', score: 0 },
          ],
        ],
      ),
    ).toBe(0.5);
    expect((await approximateIndex(documents, 30)).search(asked, 20, excluded)).toEqual(found);
  });
});

describe('an audit', () => {
  it('judges by rank and by a bound of its own', async () => {
    const source = await readSource(collection, data('mined', 3, await minedBy()));
    const vectors = await vectorsOf(source, model, quiet);
    const scores = source.pairs.flatMap(({ query, negatives }) => negatives.map((n) => scoreOf(vectors, query, n)));
    const above = scores.toSorted((a, b) => a - b)[20]!;
    const guards: MiningPlan['guards'] = [
      { type: 'top-rank', skip: 2 },
      { type: 'score-mask', above, softness: null },
    ];
    const audit = await auditSource(source, { guards, model, by: [model], truth: null }, quiet);
    // Of the first three by the same ranking, two are skipped.
    expect(audit.verdicts.slice(0, 2)).toMatchObject([
      { guard: 'top-rank 2', dropped: 2 * source.pairs.length },
      { guard: `score-mask ${above}`, dropped: scores.filter((score) => score >= above).length },
    ]);
  });

  async function minedBy(): Promise<MiningPlan> {
    const plan = mining({ by: [model] });
    await mineSource(await read(), plan, quiet);
    return plan;
  }

  it('counts what guards leave out, and against the truth how well', async () => {
    const path = join(scratch, 'concepts');
    writeConcepts(path, { seed: 3, concepts: 12, planted: 0.4 });
    const source = await readSource({ ...collection, name: 'easy', path: join(path, 'easy.jsonl') }, data('source', 1));
    const truth = readTruth(path, 'truth');
    const guards: MiningPlan['guards'] = [
      { type: 'same-text' },
      // Everything is suspect to one of these, and nothing to the other.
      { type: 'positive-margin', ratio: null, margin: -9, softness: null },
      { type: 'guide', model, ratio: null, margin: 9, softness: null },
    ];
    const audit = await auditSource(source, { guards, model, by: [model], truth }, quiet);
    const right = source.pairs.flatMap(({ query, negatives }) =>
      negatives.filter((n) => truth(source.queries[query]!, source.documents[n]!)),
    );
    expect(audit).toMatchObject({ negatives: 180, falseNegatives: right.length });
    expect(right.length / 180).toBeCloseTo(0.4, 0);
    const [same, all, none, any, every] = audit.verdicts;
    expect(same).toMatchObject({ guard: 'same-text' });
    expect(all).toMatchObject({ guard: 'positive-margin −9', dropped: 180, precision: right.length / 180, recall: 1 });
    expect(none).toMatchObject({ guard: 'guide model +9', dropped: 0, precision: null, recall: 0, example: null });
    expect([any?.dropped, every?.dropped]).toEqual([180, 0]);
    expect(audit.agreement.at(-1)).toEqual({ guards: ['positive-margin −9', 'guide model +9'], share: 0 });
  });

  it('judges what mining would take without its guards and from rank 1, and counts what training sees', async () => {
    const before = await read();
    const plain = mining({ by: [model], number: 4 });
    await mineSource(before, plain, quiet);
    const first = (await readSource(collection, data('mined', 3, plain))).pairs.flatMap(({ negatives }) => negatives);
    const plan = mining({ by: [model], number: 4, ranks: [3, 20], guards: [{ type: 'same-text' }] });
    await mineSource(before, plan, quiet);
    const source = await readSource(collection, data('mined', 3, plan));
    const vectors = await vectorsOf(before, model, quiet);
    const above = -2;
    const guards: MiningPlan['guards'] = [
      { type: 'top-rank', skip: 2 },
      { type: 'score-mask', above, softness: null },
    ];
    const truth = (query: string, document: string) => {
      const [q, d] = [before.queries.indexOf(query), before.documents.indexOf(document)];
      return scoreOf(vectors, q, d) > scoreOf(vectors, q, first[0]!) && d % 2 === 0;
    };
    const by = [model];
    const audit = await auditSource(source, { guards, model, by, truth, mined: { plan, from: before } }, quiet);
    const pairs = before.pairs.length;
    expect(audit.negatives).toBe(4 * pairs);
    expect(audit.candidates!.number).toBe(4 * pairs);
    expect(audit.verdicts.slice(0, 2)).toMatchObject([
      { guard: 'top-rank 2', dropped: 2 * pairs },
      { guard: 'score-mask -2', dropped: 4 * pairs, precision: audit.candidates!.rightAnswers! / (4 * pairs) },
    ]);
    const rights = (lists: readonly { query: number; negatives: readonly number[] }[]) =>
      lists.flatMap(({ query, negatives }) =>
        negatives.filter((n) => truth(before.queries[query]!, before.documents[n]!)),
      ).length;
    expect(audit.falseNegatives).toBe(rights(source.pairs));
    const ranked = before.pairs.map(({ query }, i) => ({ query, negatives: first.slice(4 * i, 4 * i + 4) }));
    expect(audit.candidates!.rightAnswers).toBe(rights(ranked));
    expect(rights(ranked)).not.toBe(rights(source.pairs));
  });

  it('sees texts that are the same, or nearly', async () => {
    const words = (n: number): string => Array.from({ length: n }, (_, i) => `w${i}`).join(' ');
    const path = join(scratch, 'same.jsonl');
    const neg = [`${words(40)} more`, words(20), 'Q!', `${words(40).toUpperCase()}.`];
    writeFileSync(path, JSON.stringify({ query: 'q', pos: [words(40)], neg }));
    const source = await readSource({ ...collection, name: 'same', path }, data('source', 1));
    const audit = await auditSource(source, { guards: [{ type: 'same-text' }], model, by: [], truth: null }, quiet);
    expect(audit).toMatchObject({ negatives: 4, falseNegatives: null, verdicts: [{ dropped: 3, precision: null }] });
  });

  it('is refused a truth of other queries', async () => {
    const truth = readTruth(collection.path!, 'train');
    expect(() => truth('never asked', 'x')).toThrow(/Expected every query of the source in .*, split train/);
  });
});

describe('convert', () => {
  it('writes what is read back as the same pairs', async () => {
    const path = join(scratch, 'mixed.jsonl');
    const lines = [
      { query: ['Find.', 'q'], pos: ['a', 'b'], neg: ['n'], pos_scores: [2, 1], neg_scores: [0] },
      { query: 'r', pos: ['c'], neg: ['a'] },
    ];
    writeFileSync(path, lines.map((line) => JSON.stringify(line)).join('\n'));
    const source = await readSource({ ...collection, name: 'mixed', path }, data('source', 0));
    const written = await convertSource(source, join(scratch, 'converted'));
    expect(written.lines).toBe(3);
    expect(gunzipSync(readFileSync(written.path)).toString().split('\n')[0]).toBe(
      '{"query":["Find.","q"],"pos":["a"],"neg":["n"],"pos_scores":[2],"neg_scores":[0]}',
    );
    const again = await readSource({ ...collection, name: 'mixed', path: written.path }, data('source', 0));
    const spelt = ({ pairs, queries, instructions, documents }: typeof source) =>
      pairs.map((pair) => [
        instructions[pair.query],
        queries[pair.query],
        documents[pair.positive],
        pair.negatives.map((n) => documents[n]),
        pair.scores,
      ]);
    expect(spelt(again)).toEqual(spelt(source));
  });
});
