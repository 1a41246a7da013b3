import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readDocuments } from '../../data/beir.js';
import { Chance } from '../../data/concepts/chance.js';
import type { vectorsOf } from '../../data/mining/vectors.js';
import { classify, readLabels } from '../../synth/quality/classifier.js';
import { fitLogistic, probability } from '../../synth/quality/logistic.js';
import { ruleScore } from '../../synth/quality/rules.js';
import { useBackend } from '../../tensor/backend.js';
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

function labelsFile(labels: readonly object[]): string {
  const file = join(mkdtempSync(join(tmpdir(), 'reasontune-labels-')), 'labels.jsonl');
  writeFileSync(file, labels.map((one) => `${JSON.stringify(one)}\n`).join(''));
  return file;
}

describe('the classifier on all-MiniLM-L6-v2’s vectors', () => {
  it('tells abstracts from a bad scan of them, which the rules cannot', async () => {
    await useBackend('auto');
    const { texts } = readDocuments('examples/scifact/corpus.jsonl.gz');
    // As bench/quality.mjs spoils them.
    const misread = (text: string, chance: Chance): string =>
      text.replaceAll(/[a-z]/g, (letter) =>
        chance.share() < 0.15 ? String.fromCharCode(97 + chance.below(26)) : letter,
      );
    const examples = texts.slice(0, 70).map((text, i) => {
      const start = text.split(' ').slice(0, 25).join(' ');
      const good = i % 2 === 0;
      return { text: good ? start : misread(start, new Chance(17, i)), good };
    });
    const [labelled, rest] = [examples.slice(0, 40), examples.slice(40)];
    const { scores } = await classify(
      rest.map(({ text }) => text),
      labelled,
      'sentence-transformers/all-MiniLM-L6-v2',
      () => {},
    );
    // The share of pairs, one good and one bad, that are in the right order: the area under the ROC curve.
    const area = (all: readonly number[]): number => {
      const of = (good: boolean) => all.filter((_, i) => rest[i]!.good === good);
      const pairs = of(true).flatMap((g) => of(false).map((b) => (g > b ? 1 : g === b ? 0.5 : 0)));
      return pairs.reduce((sum: number, one) => sum + one, 0) / pairs.length;
    };
    expect(area(scores)).toBeGreaterThan(0.75);
    expect(Math.abs(area(rest.map(({ text }) => ruleScore(text))) - 0.5)).toBeLessThan(0.2);
  });

  it('picks what a synthesis asks about, from labels in a file', async () => {
    const good = Array.from(
      { length: 24 },
      (_, i) => `${words(4, i)} the enzyme binds its substrate because the site is open`,
    );
    const bad = Array.from(
      { length: 24 },
      (_, i) => `${words(4, i + 50)} click here buy now cheap discount shop offers sale`,
    );
    const labels = [
      ...good.slice(0, 12).map((text) => ({ text, good: true })),
      ...bad.slice(0, 12).map((text) => ({ text, good: false })),
    ];
    const all = await chain(
      `hard_queries: {number: 12, overlap: 1, quality: {type: classifier, labels: LABELS}}\nnegatives: {written: 0}`.replace(
        'LABELS',
        labelsFile(labels),
      ),
      [...bad.slice(12), ...good.slice(12)],
    );
    await useBackend('auto');
    const { card } = await all.run();
    await all.server.close();
    expect(card.quality).toMatchObject({ picked: 12, below: 12, classifier: { examples: 24, good: 12, accuracy: 1 } });
    expect(all.linesOf('hq.jsonl').every(({ pos }) => pos[0]![1].includes('enzyme'))).toBe(true);
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
