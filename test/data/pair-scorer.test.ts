import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { openPairScorer, type PairScorer } from '../../data/relevance/pair-scorer.js';
import { readSafetensors, writeSafetensors } from '../../encoder/safetensors.js';
import { openReranker } from '../../eval/rerank/open-reranker.js';
import { rerank } from '../../eval/rerank/rerank.js';
import { readReranker } from '../../plan/reranker.js';
import { liveTensors, useBackend } from '../../tensor/backend.js';
import { largestDifference } from '../support/close.js';
import { crossEncoderFixture, pairReference } from '../support/cross-encoder.js';

let scratch: string;
beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'reasontune-pairs-'));
  await useBackend('torch');
});
afterAll(() => rmSync(scratch, { recursive: true }));

const { pairs, scores } = pairReference('bert');
const bert = { model: crossEncoderFixture('bert'), label: null, max_length: null };
const files = (): string[] =>
  readdirSync(join(process.env.REASONTUNE_CACHE!, 'scores'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.json'))
    .map((name) => join(process.env.REASONTUNE_CACHE!, 'scores', name));

beforeEach(() => {
  vi.stubEnv('REASONTUNE_CACHE', mkdtempSync(join(scratch, 'cache-')));
  return () => vi.unstubAllEnvs();
});

async function scoreAll(scorer: PairScorer, some = pairs): Promise<number[]> {
  const scored = await Promise.all(some.map(([first, second]) => scorer.score(first, second)));
  return scored.map(({ score }) => score);
}

describe('scores of pairs', () => {
  it('are sentence-transformers’, and found again without loading the model', async () => {
    const before = liveTensors().tensors;
    const scorer = await openPairScorer(bert);
    const first = await scoreAll(scorer);
    expect(largestDifference(first, scores as number[])).toBeLessThan(1e-5);
    expect(scorer.effort).toMatchObject({ pairs: pairs.length, cached: 0 });
    expect(liveTensors().tensors).toBeGreaterThan(before);
    scorer.dispose();
    expect(liveTensors().tensors).toBe(before);

    const again = await openPairScorer(bert);
    expect(await scoreAll(again)).toEqual(first);
    expect(again.effort).toMatchObject({ pairs: 0, cached: pairs.length });
    expect(liveTensors().tensors).toBe(before);
  });

  it('are kept pair by pair: of more, only the others are read, and of a damaged file, its own', async () => {
    await scoreAll(await openPairScorer(bert), pairs.slice(0, 4));
    const more = await openPairScorer(bert);
    const all = await scoreAll(more);
    expect(more.effort).toMatchObject({ pairs: pairs.length - 4, cached: 4 });
    more.dispose();
    // The two questions that are the same share a file.
    expect(files()).toHaveLength(new Set(pairs.map(([first]) => first)).size);
    writeFileSync(files()[0]!, '{"half');
    const mended = await openPairScorer(bert);
    expect(largestDifference(await scoreAll(mended), all)).toBeLessThan(1e-6);
    expect(mended.effort.pairs).toBeGreaterThan(0);
    expect(mended.effort.pairs).toBeLessThan(3);
    mended.dispose();
  });

  it('are another length’s, another label’s and other weights’ own', async () => {
    const changed = join(scratch, 'changed');
    cpSync(bert.model, changed, { recursive: true });
    const weights = readSafetensors(join(changed, 'model.safetensors'));
    weights.get('classifier.bias')!.values[0]! += 1;
    writeSafetensors(join(changed, 'model.safetensors'), weights);
    const nli = { model: crossEncoderFixture('bert-nli'), max_length: null };
    const opened = await Promise.all(
      [
        bert,
        { ...bert, max_length: 16 },
        { ...bert, model: changed },
        { ...nli, label: 'entailment' },
        { ...nli, label: 'neutral' },
      ].map(openPairScorer),
    );
    expect(new Set(opened.map(({ hash }) => hash)).size).toBe(opened.length);
    expect(opened.map(({ probability }) => probability)).toEqual([false, false, false, true, true]);
    const [first, , other] = [await scoreAll(opened[0]!), 0, await scoreAll(opened[2]!)];
    expect(largestDifference(other, first)).toBeCloseTo(1, 5);
    for (const scorer of opened) scorer.dispose();
  });

  it('that are not numbers are a fault, and every pair that waits hears of it', async () => {
    const broken = join(scratch, 'broken');
    cpSync(bert.model, broken, { recursive: true });
    const weights = readSafetensors(join(broken, 'model.safetensors'));
    weights.get('classifier.bias')!.values.fill(Number.NaN);
    writeSafetensors(join(broken, 'model.safetensors'), weights);
    const scorer = await openPairScorer({ ...bert, model: broken });
    const said = await Promise.allSettled(pairs.map(([first, second]) => scorer.score(first, second)));
    expect(said.every(({ status }) => status === 'rejected')).toBe(true);
    await expect(scorer.score('a', 'b')).rejects.toThrow(/Expected finite scores of .*broken, got NaN/);
    scorer.dispose();
  });
});

describe('a cross-encoder as a reranker', () => {
  it('scores the best of each query as its YAML says', async () => {
    const file = join(scratch, 'reranker.yaml');
    writeFileSync(file, `type: cross-encoder\nmodel: ${bert.model}\ndepth: 2\n`);
    const plan = readReranker(file);
    expect(plan).toEqual({ type: 'cross-encoder', model: bert.model, label: null, max_length: null, depth: 2 });
    const { reranker, effort, dispose } = await openReranker(plan);
    const texts = {
      queries: new Map([['q', pairs[0]![0]]]),
      documents: new Map(pairs.map(([, document], i) => [`d${i}`, document])),
    };
    const candidates = new Map([['q', pairs.map((_, i) => ({ id: `d${i}`, score: -i }))]]);
    const { run, malformed } = await rerank(reranker, candidates, texts);
    dispose();
    expect(malformed).toEqual([]);
    expect(run.get('q')!.map(({ id }) => id)).toEqual(['d0', 'd1']);
    const expected = (scores as number[]).slice(0, 2);
    expect(
      largestDifference(
        run.get('q')!.map(({ score }) => score),
        expected,
      ),
    ).toBeLessThan(1e-5);
    expect(effort()).toMatchObject({ where: 'machine', pairs: 2, cached: 0 });
  });

  it.each([
    ['type: cross-encoder', /model/],
    ['type: cross-encoder\nmodel: m\nprompt: p', /prompt: unknown key/],
    ['type: cross-encoder\nmodel: m\nmax_length: 0', /max_length/],
  ])('%j is refused', (yaml, message) => {
    const file = join(scratch, 'wrong.yaml');
    writeFileSync(file, yaml);
    expect(() => readReranker(file)).toThrow(message);
  });

  it('in configs is right', () => {
    expect(readReranker('configs/rerank-cross-encoder.yaml')).toMatchObject({ type: 'cross-encoder', label: null });
    expect(readFileSync('configs/rerank-cross-encoder.yaml', 'utf8')).toContain('rerank ');
  });
});
