import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import yargs from 'yargs';
import { plot } from '../../cli/plot.js';
import { writeResult } from '../../eval/result.js';
import { Fault } from '../../plan/fault.js';
import { packageRoot } from '../../plan/places.js';
import { nameLines, shortNames } from '../../report/charts/names.js';
import { bulkOf, cutsInWords, cutsOf, extentOf, type Range, reachOf } from '../../report/charts/reach.js';
import { font, textWidth } from '../../report/charts/text.js';
import { writeTraining } from '../../report/training/plot.js';
import { overSeeds } from '../../report/training/seeds.js';
import { movingAverage, thin } from '../../report/training/smooth.js';
import { fallingRun, runFolder, scratch, stepLine } from './folder.js';
import { lookAt, textOf } from './picture.js';
import { writeFiction } from './sweep-folder.js';

const blue = [0, 0x72, 0xb2] as const;
const vermilion = [0xd5, 0x5e, 0] as const;

const writeLoss = (prefix: string, runs: string[]) => writeTraining(prefix, runs, 'loss');

describe('the loss curve', () => {
  test('of one run: twice the size, on white, in one colour, with every word in the SVG', async () => {
    const { png, svg } = writeLoss(join(scratch, 'pictures', 'one'), [fallingRun('first', 300)]);
    const look = await lookAt(png);
    expect(look).toMatchObject({ width: 1416, height: 880, corner: [255, 255, 255, 255] });
    expect(look.colours).toBeGreaterThan(100);
    expect(look.inked).toBeGreaterThan(15_000);
    expect(look.has(...blue)).toBe(true);
    expect(look.has(...vermilion)).toBe(false);
    const text = textOf(svg);
    expect(text).toContain('Training loss of first');
    expect(text).toContain('Training step');
    // A ligature would take the letters "fi" out of the SVG.
    expect(text).toContain('300 steps, 5.1 million tokens from scifact.');
    expect(readdirSync(join(scratch, 'pictures')).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  test('of several runs names each in its colour', async () => {
    const runs = [fallingRun('long-run', 400), fallingRun('short-run', 50)];
    const { png, svg } = writeLoss(join(scratch, 'two'), runs);
    const look = await lookAt(png);
    expect(look.has(...blue) && look.has(...vermilion)).toBe(true);
    expect(textOf(svg)).toMatch(/long-run.*short-run|short-run.*long-run/);
    // Told apart without colour too: Skia writes each dash as a shape.
    expect(readFileSync(svg, 'utf8')).toMatch(/<path fill="#D55E00"/);
    expect(readFileSync(svg, 'utf8')).not.toMatch(/<path fill="#0072B2"/);
  });

  test('names runs of one name by their folders', () => {
    const runs = [fallingRun('one/same', 20), fallingRun('two/same', 20)];
    expect(textOf(writeLoss(join(scratch, 'same'), runs).svg)).toMatch(/one\/same.*two\/same|two\/same.*one\/same/);
  });

  test('of a long run stays light', () => {
    const { svg } = writeLoss(join(scratch, 'long'), [fallingRun('very-long', 30_000)]);
    expect(readFileSync(svg).length).toBeLessThan(150_000);
  });

  test('is drawn for a single step, and past a loss that diverged', async () => {
    const single = writeLoss(join(scratch, 'single'), [runFolder('single', stepLine(1, 1))]);
    expect((await lookAt(single.png)).has(...blue)).toBe(true);
    const lines = [1, 2, null, 1.5, 1].map((loss, at) => stepLine(at + 1, loss)).join('\n');
    expect((await lookAt(writeLoss(join(scratch, 'gap'), [runFolder('gap', lines)]).png)).has(...blue)).toBe(true);
  });

  test('of a run without steps is refused, and nothing is written', () => {
    const prefix = join(scratch, 'empty-loss');
    expect(() => writeLoss(prefix, [runFolder('empty', '')])).toThrow(
      /^Expected at least one step for .*empty, got none\./,
    );
    expect(existsSync(`${prefix}.png`)).toBe(false);
  });

  test('is refused where it cannot be written', () => {
    writeFileSync(join(scratch, 'taken'), '');
    expect(() => writeLoss(join(scratch, 'taken', 'loss'), [fallingRun('first', 5)])).toThrow(Fault);
  });
});

test('movingAverage counts the first values fully, and leaves NaN out', () => {
  expect([...movingAverage([3, 3, 3], 10)].map((value) => value.toFixed(9))).toEqual([
    '3.000000000',
    '3.000000000',
    '3.000000000',
  ]);
  // keep = 1/2: (2·½·½ + 4·½) / ¾ after two steps.
  expect([...movingAverage([2, 4], 3)]).toEqual([2, 2.5 / 0.75]);
  expect([...movingAverage([2, Number.NaN, 4], 3)]).toEqual([2, Number.NaN, 2.5 / 0.75]);
  expect([...movingAverage([5, 1, 7], 1)]).toEqual([5, 1, 7]);
});

test('thin keeps every spike, and the order', () => {
  const points = Array.from({ length: 10_000 }, (_, x) => ({ x, y: x === 4321 ? 99 : x === 7654 ? -99 : x % 7 }));
  const thinned = (from: readonly { x: number; y: number }[]) =>
    thin(
      from.map(({ x }) => x),
      from.map(({ y }) => y),
      200,
    );
  const kept = thinned(points);
  expect(kept.length).toBeLessThanOrEqual(200);
  expect(kept).toContainEqual({ x: 4321, y: 99 });
  expect(kept).toContainEqual({ x: 7654, y: -99 });
  expect(kept.every((point, at) => at === 0 || point.x > (kept[at - 1]?.x ?? 0))).toBe(true);
  expect(thinned(points.slice(0, 200))).toEqual(points.slice(0, 200));
});

test('overSeeds takes lines point by point, or, where they are of other lengths, between their points', () => {
  const a = [1, 2, 3].map((x) => ({ x, y: x }));
  const b = [1, 2, 3].map((x) => ({ x: x + 2, y: 3 * x }));
  expect(overSeeds([a, b]).mean).toEqual([2, 3, 4].map((x) => ({ x, y: 2 * (x - 1) })));
  expect(overSeeds([a, b]).band[1]).toEqual({ x: 3, low: 2, high: 6 });
  const { mean } = overSeeds([a, [...a, { x: 4, y: 4 }]]);
  expect([mean[0], mean.at(-1)]).toEqual([
    { x: 1, y: 1 },
    { x: 3, y: 3 },
  ]);
  expect(mean.every(({ x, y }) => Math.abs(x - y) < 1e-9)).toBe(true);
  expect(overSeeds([a, [...a.slice(0, 2), { x: 3, y: Number.NaN }]]).mean[2]?.y).toBeNaN();
});

describe('the values’ axis', () => {
  // A loss that falls from 7 to about 1, with noise of 0.1.
  const falling = Array.from({ length: 1000 }, (_, i) => 1 + 6 * Math.exp(-i / 60) + 0.1 * Math.sin(i * i));
  const spiked = falling.map((value, i) => (i >= 400 && i < 408 ? 9e4 : value));

  test('shows all of a run without spikes, from where it began', () => {
    expect(reachOf(falling, [bulkOf(falling, true)])).toEqual(extentOf(falling));
    const sudden = falling.map((value, i) => (i < 5 ? 7 : value - 6 * Math.exp(-i / 60)));
    expect(reachOf(sudden, [bulkOf(sudden, true)])?.[1]).toBe(7);
  });

  test('cuts a spike off, up or down, though the average is full of it for long', () => {
    const drawn = [...spiked, ...movingAverage(spiked, 32)];
    const [low, high] = reachOf(drawn, [bulkOf(spiked, true)]) as Range;
    expect(low).toBe(extentOf(falling)?.[0]);
    expect(high).toBeGreaterThan(7);
    expect(high).toBeLessThan(9);
    const down = reachOf(
      drawn.map((value) => -value),
      [
        bulkOf(
          Array.from(spiked, (value) => -value),
          true,
        ),
      ],
    ) as Range;
    expect(down[0]).toBeCloseTo(-high, 12);
  });

  test('shows what is high for more than a moment, what is no spike by far, and few steps', () => {
    const raised = falling.map((value, i) => (i >= 400 && i < 500 ? 50 : value));
    expect(reachOf(raised, [bulkOf(raised, true)])?.[1]).toBe(50);
    const mild = falling.map((value, i) => (i === 400 ? 12 : value));
    expect(reachOf(mild, [bulkOf(mild, true)])?.[1]).toBe(12);
    const few = [1, 2, 900, 1.5, Number.NaN, null];
    expect(reachOf(few, [bulkOf(few, true)])).toEqual([1, 900]);
    expect(reachOf([], [null])).toBeNull();
    const constant = Array.from({ length: 50 }, (_, i) => (i === 30 ? 5 : 2));
    expect(reachOf(constant, [bulkOf(constant, true)])).toEqual([2, 5]);
  });

  test('a triangle stands at the outermost point of each piece', () => {
    const line = [0, 9, 12, 0, Number.NaN, 11, 0, -5, 0].map((y, x) => ({ x: 10 * x, y }));
    expect(cutsOf(line, [-1, 8], 15)).toMatchObject([
      { x: 20, y: 12, above: true },
      { x: 50, y: 11, above: true },
      { x: 70, y: -5, above: false },
    ]);
    const together = cutsOf(line, [-1, 8], 40);
    expect(together.map(({ y }) => y)).toEqual([12, -5]);
    expect(cutsInWords(together)).toBe('Triangles: spikes beyond the edge, up to 12 and down to -5.');
    expect(cutsInWords([])).toBe('');
  });

  test.each(['loss', 'gradient-norm'] as const)('of a picture of %s with a spike leaves room for the rest', (kind) => {
    const lines = spiked.map((loss, i) => stepLine(i + 1, loss).replace('"grad_norm":1.2', `"grad_norm":${loss}`));
    const runs = [runFolder('spiked', lines.join('\n')), fallingRun('calm', 300)];
    for (const given of [
      runs,
      runs.slice(0, 1),
      [...runs, ...'abcdef'].map((run, i) => (i < 2 ? run : fallingRun(run, 300))),
    ]) {
      const text = textOf(writeTraining(join(scratch, 'spiked-picture'), given, kind).svg);
      expect(text).toMatch(/Triangles: spikes beyond the edge, up to [1-9]\d,\d00\./);
      expect(text).toMatch(/ [56] /);
      expect(text).not.toMatch(/ \d\d,000 /);
    }
    expect(textOf(writeTraining(join(scratch, 'calm-picture'), runs.slice(1), kind).svg)).not.toContain('Triangles');
  });
});

test('shortNames fit, and stay different', () => {
  const long = (end: string) => `${'negatives-from-bm25-'.repeat(4)}${end}`;
  const names = [long('a'), long('b'), `x${long('a')}`, `${long('a')}x`, 'short'];
  const short = shortNames(names, 200);
  expect(new Set(short).size).toBe(names.length);
  expect(short.every((name) => textWidth(name, font(11, 600)) <= 200)).toBe(true);
  expect(shortNames([long('temperature-0.01'), long('temperature-0.02')], 200)).toEqual(
    ['1', '2'].map((end) => `…from-bm25-temperature-0.0${end}`),
  );
  const middles = ['a', 'b'].map((middle) => 'y'.repeat(60) + middle + 'y'.repeat(60));
  expect(new Set(shortNames(middles, 200)).size).toBe(2);
  expect(shortNames(['a', 'a'], 200)).toEqual(['a', 'a']);
});

test('nameLines keep names apart that differ at their ends, and numbers whole', () => {
  const names = Array.from({ length: 20 }, (_, i) => `${'negatives-from-bm25-'.repeat(5)}temperature-0.${10 + i}`);
  const lines = nameLines(names, 250, 2);
  expect(new Set(lines.map((one) => one.join(''))).size).toBe(20);
  expect(lines.every((one) => one.length <= 2 && one.every((line) => textWidth(line, font(12)) <= 250))).toBe(true);
  expect(lines[3]?.at(-1)).toMatch(/0\.13$/);
  const middles = Array.from(
    { length: 20 },
    (_, i) => `${'y'.repeat(60)}${String.fromCharCode(97 + i)}${'y'.repeat(60)}`,
  );
  expect(new Set(nameLines(middles, 250, 2).map((one) => one.join(''))).size).toBe(20);
  expect(nameLines(['short', 'x'], 250, 2)).toEqual([['short'], ['x']]);
});

describe('reasontune plot', () => {
  const run = async (...words: string[]) => {
    const log = vi.spyOn(console, 'log').mockImplementation(() => {});
    try {
      await yargs(words).command(plot).exitProcess(false).fail(false).parseAsync();
      return log.mock.calls.map(([line]) => String(line)).join('\n');
    } finally {
      log.mockRestore();
    }
  };

  test('draws into the first run and prints where', async () => {
    const folders = [fallingRun('a', 20), fallingRun('b', 20)];
    const paths = ['png', 'svg', 'pdf'].map((format) => join(scratch, 'a', `loss.${format}`));
    expect(await run('plot', ...folders)).toBe(paths.join('\n'));
    expect(paths.every(existsSync)).toBe(true);
  });

  const sweep = writeFiction(join(scratch, 'drawn'), {
    variants: [
      { name: 'without', gain: 0.001 },
      { name: 'with-a-very-long-name-that-says-all-that-was-changed-in-it-and-by-how-much-it-was', gain: 0.06 },
    ],
    sets: ['pep', 'medquad'],
    evaluate: 10,
    diverges: 30,
  });
  const drawn = async (kind: string, ...more: string[]) => {
    const out = join(scratch, 'figures', kind);
    const picture = JSON.parse(await run('plot', sweep, '--kind', kind, '--out', out, '--json', ...more));
    expect(picture).toEqual({ png: `${out}.png`, svg: `${out}.svg`, pdf: `${out}.pdf` });
    expect((await lookAt(picture.png)).has(...blue)).toBe(true);
    const pdf = readFileSync(picture.pdf, 'latin1');
    // A vector: letters of an embedded font, no picture of them.
    expect(pdf).toMatch(/^%PDF-1/);
    expect(pdf).toContain('IBMPlexSans');
    expect(pdf).not.toContain('/Subtype /Image');
    return textOf(picture.svg);
  };

  test('loss: seeds as bands, and a cross where one diverged', async () => {
    const text = await drawn('loss', '--x', 'time');
    expect(text).toContain('2 variants, 3 seeds each.');
    expect(text).toContain('×: from there on no number.');
    expect(text).toContain('Time (minutes)');
  });

  test.each([
    ['learning-rate', 'Learning rate'],
    ['gradient-norm', 'Norm of the gradient before clipping'],
    ['throughput', 'Tokens a second'],
  ])('%s', async (kind, words) => {
    expect(await drawn(kind, '--x', 'tokens')).toContain(words);
  });

  test('evals', async () => {
    expect(await drawn('evals', '--measure', 'R@100', '--set', 'pep')).toContain('R@100 on pep, dev while training');
  });

  test('ablation: means, deviations, and what was scored beside them', async () => {
    const text = await drawn('ablation', '--set', 'medquad');
    expect(text).toMatch(/medquad, test, 60 queries\. Mean ± standard deviation over 3 seeds/);
    expect(text.match(/0\.\d{3} ± 0\.\d{3}/g)).toHaveLength(2);
    expect(text).toMatch(/BM25 0\.\d{3}/);
    expect(text).toMatch(/all-MiniLM-L6-v2 0\.\d{3}/);
  });

  test('forest: differences, intervals and corrected p, set by set', async () => {
    const text = await drawn('forest');
    expect(text).toContain('fiction: difference to all-MiniLM-L6-v2');
    expect(text).toContain('pep, test');
    expect(text).toContain('medquad, test');
    expect(text.match(/[+−]0\.\d{3} \([+−]0\.\d{3} to [+−]0\.\d{3}\) +p [<0-9. ]+/g)).toHaveLength(4);
    // Two lines hold a name of eighty characters whole.
    expect(text).toContain('with-a-very-long-name-that-says-all-');
    expect(await drawn('forest', '--baseline', 'without', '--set', 'pep')).toContain('difference to without');
  });

  test('queries: how a measure is spread', async () => {
    expect(await drawn('queries', '--set', 'medquad')).toContain('medquad, test, 60 queries.');
  });

  test('scores, ties and pool of rankings', async () => {
    const set = join(scratch, 'set');
    mkdirSync(join(set, 'qrels'), { recursive: true });
    writeFileSync(join(set, 'qrels', 'test.tsv'), 'query-id\tcorpus-id\tscore\nq1\ta\t1\nq2\tb\t1\n');
    const ranking = new Map(
      ['q1', 'q2'].map((q) => [q, ['a', 'b', 'c'].map((id) => ({ id, score: id === 'c' ? 1 : 2 }))]),
    );
    const perQuery = { 'RR@10': { q1: 1, q2: 0.5 } };
    const pool = { file: 'bm25.run', depth: 2, ceiling: 1, hits: 2, neverHeld: 0, cutoff: 10 };
    const result = { system: 'model', model: 'model', set: 'set', folder: set, split: 'test', queries: 2 };
    const marks = { metrics: { 'RR@10': 0.75 }, perQuery };
    writeResult(join(scratch, 'ranked'), { ...result, ...marks, pool: { ...pool, ...marks } }, ranking);
    const text = async (kind: string) => {
      const out = join(scratch, 'figures', kind);
      return textOf(JSON.parse(await run('plot', join(scratch, 'ranked'), '--kind', kind, '--out', out, '--json')).svg);
    };
    expect(await text('scores')).toMatch(/model: relevant n 2 model: others n 4/);
    // a and b tie: the relevant one is first or second, for each query.
    expect(await text('ties')).toContain('0.500 to 1.000 33.3 % of pairs tied');
    expect(await text('pool')).toContain('0.750 → 0.750 0 of 2 hits in 10 never in pool');
  });

  test('lengths of a folder in BEIR layout', async () => {
    const set = join(packageRoot, 'examples', 'pep-citations');
    const out = join(scratch, 'figures', 'lengths');
    const { svg } = JSON.parse(await run('plot', set, '--kind', 'lengths', '--out', out, '--json'));
    expect(textOf(svg)).toMatch(/pep-citations: documents n 736, median/);
  });

  test.each([
    [['--kind', 'ties', '--x', 'time'], 'Expected no --x for --kind ties'],
    [['--kind', 'loss', '--set', 'pep'], 'Expected no --set or --measure for --kind loss'],
    [['--kind', 'ablation', '--set', 'none'], 'Choose one of: medquad, test; pep, test.'],
    [['--kind', 'forest', '--measure', 'nDCG@5'], 'Choose one of: nDCG@10, R@100.'],
    [['--kind', 'evals', '--set', 'none'], 'Choose one of: pep, dev.'],
    [['--kind', 'pool'], 'got none. Run eval with --pool first.'],
    [['--kind', 'ties'], 'Run where the set’s folder can be found.'],
  ])('%s is refused with what to do', async (words, message) => {
    await expect(run('plot', sweep, ...words)).rejects.toThrow(message);
  });

  test('throws a Fault for a folder that is no run', async () => {
    await expect(run('plot', scratch)).rejects.toThrow(Fault);
  });
});
