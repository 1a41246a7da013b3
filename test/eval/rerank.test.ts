import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Reply } from '../../endpoint/stand-in/reply.js';
import { openStandIn } from '../../endpoint/stand-in/stand-in.js';
import { orderIn, windows } from '../../eval/rerank/listwise.js';
import { openReranker } from '../../eval/rerank/open-reranker.js';
import { rerank } from '../../eval/rerank/rerank.js';
import { Fault } from '../../plan/fault.js';
import { type RerankerPlan, readReranker } from '../../plan/reranker.js';
import type { Run } from '../../retrieval/ranking.js';
import { expectedScore, integerScore } from '../../retrieval/relevance/pointwise.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'reasontune-rerank-'));
  writeFileSync(join(folder, 'one.txt'), 'Q {query} D {document} {other}');
  writeFileSync(join(folder, 'list.txt'), 'Q {query}\n{documents}');
});
afterAll(() => rmSync(folder, { recursive: true }));

function plan(yaml: string, url = 'http://127.0.0.1:1/v1'): RerankerPlan {
  const file = join(folder, 'plan.yaml');
  writeFileSync(file, `endpoint: {url: "${url}", model: m, retries: 0}\n${yaml}`);
  return readReranker(file);
}

const answer = (text: string) => ({ text, alternatives: [] });
const documents = new Map(['a', 'b', 'c', 'd', 'e'].map((id) => [id, `text ${id}`]));
const texts = { queries: new Map([['q', 'the {document}']]), documents };
const candidates: Run = new Map([['q', [...documents.keys()].map((id, i) => ({ id, score: 9 - i }))]]);

async function rerankWith(yaml: string, reply: (prompt: string) => Reply) {
  const server = await openStandIn(({ prompt }) => reply(prompt));
  try {
    vi.stubEnv('REASONTUNE_CACHE', join(folder, server.url.replace(/\W/g, '')));
    const { reranker } = await openReranker(plan(yaml, server.url));
    const { run, malformed } = await rerank(reranker, candidates, texts);
    return {
      scores: Object.fromEntries(run.get('q')!.map(({ id, score }) => [id, score])),
      malformed,
      asked: server.asked,
    };
  } finally {
    vi.unstubAllEnvs();
    await server.close();
  }
}

describe('scores in answers', () => {
  it.each<[string, number | undefined]>([
    ['3', 3],
    ['Score: 4.', 4],
    ['4/5', 4],
    ['2 out of 5', 2],
    ['<think>maybe 1</think> 0', 0],
    ['7', undefined],
    ['-1', undefined],
    ['3.5', undefined],
    ['relevant', undefined],
    ['', undefined],
  ])('%j is %s', (text, score) => {
    expect(integerScore(answer(text), [0, 5])).toBe(score);
  });

  it('an expected score is the mean over the scores among the alternatives', () => {
    const alternatives = [
      { token: '4', logprob: Math.log(0.6) },
      { token: ' 2', logprob: Math.log(0.2) },
      { token: 'The', logprob: Math.log(0.15) },
      { token: '9', logprob: Math.log(0.05) },
    ];
    expect(expectedScore({ alternatives }, [0, 5])).toBeCloseTo((0.6 * 4 + 0.2 * 2) / 0.8, 12);
    expect(expectedScore(answer('4'), [0, 5])).toBeUndefined();
  });
});

describe('listwise windows', () => {
  it('go from the bottom to the top, overlapping', () => {
    expect(windows(5, 3, 2)).toEqual([
      [2, 5],
      [0, 3],
    ]);
    expect(windows(2, 20, 10)).toEqual([[0, 2]]);
    expect(windows(0, 20, 10)).toEqual([]);
  });

  it('keep documents that an answer does not name, and pass over what is not there', () => {
    expect(orderIn('[3] > [1] > [3] > [9]', 4)).toEqual([2, 0, 1, 3]);
    expect(orderIn('3 > 1', 4)).toBeUndefined();
  });
});

describe('rerank', () => {
  const pointwise = (more = '') => `type: pointwise\nprompt: ${join(folder, 'one.txt')}\n${more}`;

  it('scores each of the best, fills in no place twice, keeps what it cannot read', async () => {
    const said: Record<string, string> = { a: '1', b: 'I would say 5', c: 'no idea', d: '1' };
    const { scores, malformed, asked } = await rerankWith(pointwise('depth: 4'), (prompt) => ({
      text: said[prompt.slice(-9, -8)] ?? '',
    }));
    expect(scores).toEqual({ a: 1, b: 5, c: 0, d: 1 });
    expect(malformed).toEqual([{ query: 'q', documents: ['c'], answer: 'no idea' }]);
    expect(asked.map(({ prompt }) => prompt)).toContain('Q the {document} D text a {other}');
  });

  it('takes expected scores from one token’s alternatives', async () => {
    const { scores, asked } = await rerankWith(pointwise('score: expected'), () => ({
      text: '3',
      alternatives: [
        { token: '3', logprob: Math.log(0.5) },
        { token: '4', logprob: Math.log(0.5) },
      ],
    }));
    expect(scores.a).toBeCloseTo(3.5, 12);
    expect(asked[0]?.body).toMatchObject({ max_tokens: 1, logprobs: true, top_logprobs: 20 });
  });

  it('carries the best up through the windows', async () => {
    const yaml = `type: listwise\nprompt: ${join(folder, 'list.txt')}\nwindow: 3\nstride: 2`;
    // Always prefers the text that is last in the alphabet.
    const { scores, malformed, asked } = await rerankWith(yaml, (prompt) => {
      const shown = [...prompt.matchAll(/\[(\d)\] text (\w)/g)].sort((x, y) => (y[2]! < x[2]! ? -1 : 1));
      return { text: shown.map(([, n]) => `[${n}]`).join(' > ') };
    });
    expect(
      Object.keys(scores)
        .sort((x, y) => scores[y]! - scores[x]!)
        .join(''),
    ).toBe('ebadc');
    expect(asked).toHaveLength(2);
    expect(malformed).toEqual([]);
  });

  it('leaves a window as it was where the answer names nothing', async () => {
    const yaml = `type: listwise\nprompt: ${join(folder, 'list.txt')}`;
    const { scores, malformed } = await rerankWith(yaml, () => ({ text: 'They are all good.' }));
    expect(scores).toEqual({ a: 5, b: 4, c: 3, d: 2, e: 1 });
    expect(malformed).toHaveLength(1);
  });

  it('stops at a fault', async () => {
    await expect(rerankWith(pointwise(), () => ({ status: 400 }))).rejects.toThrow(Fault);
  });
});

describe('a reranker’s YAML', () => {
  it.each([
    ['type: pointwise', /prompt/],
    ['type: pairwise\nprompt: p', /type/],
    ['type: pointwise\nprompt: p\nscale: [5, 0]', /scale: expected the lowest score before the highest/],
    ['type: listwise\nprompt: p\nwindow: 5\nstride: 6', /stride: expected at most the window of 5, got 6/],
    ['type: pointwise\nprompt: p\nwindow: 5', /window: unknown key/],
  ])('%j is refused', (yaml, message) => {
    expect(() => plan(yaml)).toThrow(Fault);
    expect(() => plan(yaml)).toThrow(message);
  });

  it('that lacks the price which its budget of money needs is refused', () => {
    const file = join(folder, 'money.yaml');
    const endpoint = 'endpoint: {url: "http://h/v1", model: m, budget: {money: 1}}';
    writeFileSync(file, `type: pointwise\nprompt: p\n${endpoint}\n`);
    expect(() => readReranker(file)).toThrow(/endpoint\.budget\.money: expected a price beside it/);
  });

  it('whose prompt lacks a place is refused before anything is asked', async () => {
    const yaml = `type: listwise\nprompt: ${join(folder, 'one.txt')}`;
    await expect(rerankWith(yaml, () => ({ text: '[1]' }))).rejects.toThrow(
      /Expected \{documents\} somewhere in .*one\.txt/,
    );
  });

  it('in configs is right', () => {
    expect(readReranker('configs/rerank-pointwise.yaml')).toMatchObject({ type: 'pointwise', scale: [0, 5] });
  });
});
