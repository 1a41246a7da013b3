import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { vectorsOf } from '../../data/mining/vectors.js';
import { classify, readLabels } from '../../synth/quality/classifier.js';
import { fitLogistic, probability } from '../../synth/quality/logistic.js';
import { ruleScore } from '../../synth/quality/rules.js';
import { chain, words } from './chain.js';

const prose =
  'The heat of a reaction is the same whatever the path by which it is reached. This follows from the first law, ' +
  'for energy is a function of state. It is of use where a reaction cannot be measured: one adds others that can be.';

describe('the rules of text', () => {
  it('are all kept by prose', () => {
    expect(ruleScore(prose)).toBe(1);
  });

  it.each([
    ['a list of links', '- http://a.example/x\n- http://b.example/y\n- http://c.example/z'],
    ['a table', '| 1 | 2 | 3 |\n| 4 | 5 | 6 |\n| 7 | 8 | 9 |'],
    ['shouting', prose.toUpperCase()],
    ['a line again and again', 'Click here to read more\n'.repeat(20)],
    ['a pair of words again and again', 'buy now '.repeat(40)],
  ])('are not all kept by %s', (_name, text) => {
    expect(ruleScore(text)).toBeLessThan(1);
  });
});

describe('logistic regression', () => {
  it("has scikit-learn's weights", () => {
    // LogisticRegression(C=10, tol=1e-12) of scikit-learn 1.9.1 on these rows.
    const values = Float32Array.from({ length: 36 }, (_, k) => {
      const [i, j] = [Math.floor(k / 3), k % 3];
      return (((i * 7 + j * 5) % 11) - 5) / 10;
    });
    const good = Array.from({ length: 12 }, (_, i) => (i * i + 3 * i) % 5 < 2);
    const fitted = fitLogistic({ values, width: 3 }, good);
    for (const [i, weight] of [-1.30092575, 3.99414174, -0.40386413].entries()) {
      expect(fitted.weights[i]).toBeCloseTo(weight, 4);
    }
    expect(fitted.bias).toBeCloseTo(-0.61199595, 4);
    for (const [row, p] of [0.45922447, 0.07514452, 0.72463908, 0.13902417].entries()) {
      expect(probability(fitted, values, row)).toBeCloseTo(p, 4);
    }
  });

  it('learns from labelled examples, and says how well on those it was not shown', async () => {
    // Good texts begin with a; the second number is noise.
    const load: typeof vectorsOf = async ({ documents }) => ({
      model: 'm',
      hash: 'h',
      queries: { values: new Float32Array(0), width: 1 },
      documents: {
        width: 2,
        values: Float32Array.from(
          documents.flatMap((text, i) => [text.startsWith('a') ? 1 : -1, ((i * 37) % 11) / 11]),
        ),
      },
    });
    const examples = Array.from({ length: 40 }, (_, i) => ({ text: `${i % 2 ? 'a' : 'b'}${i}`, good: i % 2 === 1 }));
    const { scores, accuracy } = await classify(['ax', 'bx'], examples, 'm', () => {}, load);
    expect(scores[0]).toBeGreaterThan(0.9);
    expect(scores[1]).toBeLessThan(0.1);
    expect(accuracy).toBe(1);
    const few = classify(['ax'], examples.slice(0, 12), 'm', () => {}, load);
    await expect(few).rejects.toThrow(/ten good and ten bad examples .*, got 6 and 6/);
  });

  it('refuses labels that are none', async () => {
    const { folder, server } = await chain('hard_queries: {number: 1}', [words(20, 1)]);
    await server.close();
    const labels = join(folder, 'labels.jsonl');
    writeFileSync(labels, '{"text": "a", "good": "yes"}\n');
    expect(() => readLabels(labels)).toThrow(/labels\.jsonl:1, got {"text":"a","good":"yes"}/);
  });
});

it('a language model picks the documents, best first, and none below the bound', async () => {
  const documents = Array.from({ length: 6 }, (_, i) => `t${i} ${words(20, i)}`);
  const yaml = 'hard_queries: {number: 6, quality: {type: language-model, at_least: 3}}\nnegatives: {written: 0}';
  const { run, linesOf, server } = await chain(yaml, documents, {
    quality: ({ document = '' }) => ({ grade: Number(document[1]) }),
  });
  const { card } = await run();
  await server.close();
  expect(linesOf('hq.jsonl').map(({ origin }) => origin.document)).toEqual(['d5', 'd4', 'd3']);
  expect(card.quality).toMatchObject({ picked: 3, below: 3 });
});
