import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import yargs from 'yargs';
import { plot } from '../../cli/plot.js';
import { Fault } from '../../plan/fault.js';
import { writeBars } from '../../report/bars.js';
import { writeLossCurve } from '../../report/loss-curve.js';
import { movingAverage, thin } from '../../report/smooth.js';
import { fallingRun, runFolder, scratch, stepLine } from './folder.js';
import { lookAt, textOf } from './picture.js';

const blue = [0, 0x72, 0xb2] as const;
const vermilion = [0xd5, 0x5e, 0] as const;

describe('the loss curve', () => {
  test('of one run: twice the size, on white, in one colour, with every word in the SVG', async () => {
    const { png, svg } = writeLossCurve(join(scratch, 'pictures', 'one'), [fallingRun('first', 300)]);
    const look = await lookAt(png);
    expect(look).toMatchObject({ width: 1520, height: 880, corner: [255, 255, 255, 255] });
    expect(look.colours).toBeGreaterThan(100);
    expect(look.inked).toBeGreaterThan(15_000);
    expect(look.has(...blue)).toBe(true);
    expect(look.has(...vermilion)).toBe(false);
    const text = textOf(svg);
    expect(text).toContain('Training loss of first');
    expect(text).toContain('Training step');
    expect(text).toContain('Loss (InfoNCE, nats)');
    // A ligature would take the letters "fi" out of the SVG.
    expect(text).toContain('300 steps, 5.1 million tokens from scifact.');
    expect(readdirSync(join(scratch, 'pictures')).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  test('of several runs names each in its colour', async () => {
    const runs = [fallingRun('long-run', 400), fallingRun('short-run', 50)];
    const { png, svg } = writeLossCurve(join(scratch, 'two'), runs);
    const look = await lookAt(png);
    expect(look.has(...blue) && look.has(...vermilion)).toBe(true);
    expect(textOf(svg)).toMatch(/long-run.*short-run|short-run.*long-run/);
    expect(readFileSync(svg, 'utf8')).toMatch(/<text fill="#D55E00"[^>]*>short-run</);
  });

  test('names runs of one name by their folders', () => {
    const runs = [fallingRun('one/same', 20), fallingRun('two/same', 20)];
    expect(textOf(writeLossCurve(join(scratch, 'same'), runs).svg)).toMatch(
      /one\/same.*two\/same|two\/same.*one\/same/,
    );
  });

  test('of a long run stays light', () => {
    const { svg } = writeLossCurve(join(scratch, 'long'), [fallingRun('very-long', 30_000)]);
    expect(readFileSync(svg).length).toBeLessThan(150_000);
  });

  test('is drawn for a single step, and past a loss that diverged', async () => {
    const single = writeLossCurve(join(scratch, 'single'), [runFolder('single', stepLine(1, 1))]);
    expect((await lookAt(single.png)).has(...blue)).toBe(true);
    const lines = [1, 2, null, 1.5, 1].map((loss, at) => stepLine(at + 1, loss)).join('\n');
    expect((await lookAt(writeLossCurve(join(scratch, 'gap'), [runFolder('gap', lines)]).png)).has(...blue)).toBe(true);
  });

  test('of a run without steps is refused, and nothing is written', () => {
    const prefix = join(scratch, 'empty-loss');
    expect(() => writeLossCurve(prefix, [runFolder('empty', '')])).toThrow(
      /^Expected at least one step for .*empty, got none\./,
    );
    expect(existsSync(`${prefix}.png`)).toBe(false);
  });

  test('is refused where it cannot be written', () => {
    writeFileSync(join(scratch, 'taken'), '');
    expect(() => writeLossCurve(join(scratch, 'taken', 'loss'), [fallingRun('first', 5)])).toThrow(Fault);
  });
});

test('movingAverage counts the first values fully, and leaves NaN out', () => {
  expect(movingAverage([3, 3, 3], 10).map((value) => value.toFixed(9))).toEqual([
    '3.000000000',
    '3.000000000',
    '3.000000000',
  ]);
  // keep = 1/2: (2·½·½ + 4·½) / ¾ after two steps.
  expect(movingAverage([2, 4], 3)).toEqual([2, 2.5 / 0.75]);
  expect(movingAverage([2, Number.NaN, 4], 3)).toEqual([2, Number.NaN, 2.5 / 0.75]);
  expect(movingAverage([5, 1, 7], 1)).toEqual([5, 1, 7]);
});

test('thin keeps every spike, and the order', () => {
  const points = Array.from({ length: 10_000 }, (_, x) => ({ x, y: x === 4321 ? 99 : x === 7654 ? -99 : x % 7 }));
  const kept = thin(points, 200);
  expect(kept.length).toBeLessThanOrEqual(200);
  expect(kept).toContainEqual({ x: 4321, y: 99 });
  expect(kept).toContainEqual({ x: 7654, y: -99 });
  expect(kept.every((point, at) => at === 0 || point.x > (kept[at - 1]?.x ?? 0))).toBe(true);
  expect(thin(points.slice(0, 200), 200)).toEqual(points.slice(0, 200));
});

describe('the ablation', () => {
  const bars = [
    { name: 'all parts', values: [0.34, 0.35, 0.36] },
    { name: 'without VL', values: [0.3, 0.32, 0.31] },
  ];
  const picture = { title: 'What each part is worth', data: 'PEP, 312 queries', measure: 'nDCG@10', bars };

  test('names variants, numbers, baselines and the measure', async () => {
    const baselines = [
      { name: 'base model', value: 0.24 },
      { name: 'BM25', value: 0.25 },
    ];
    const { png, svg } = writeBars(join(scratch, 'bars'), { ...picture, baselines });
    expect(await lookAt(png)).toMatchObject({ width: 1520, height: 2 * (130 + 3 * 34) });
    expect((await lookAt(png)).has(...blue)).toBe(true);
    const text = textOf(svg);
    for (const words of [
      'all parts',
      'without VL',
      'nDCG@10',
      'base model 0.240',
      'BM25 0.250',
      '0.350 ± 0.010',
      '0.310 ± 0.010',
      'over 3 seeds',
    ]) {
      expect(text).toContain(words);
    }
  });

  test('of one seed shows no deviation', () => {
    const single = {
      ...picture,
      bars: bars.map(({ name, values }) => ({ name, values: values.slice(0, 1) })),
      baselines: [],
    };
    const text = textOf(writeBars(join(scratch, 'bars-one'), single).svg);
    expect(text).toContain('0.340');
    expect(text).not.toContain('±');
  });
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
    const paths = [join(scratch, 'a', 'loss.png'), join(scratch, 'a', 'loss.svg')];
    expect(await run('plot', ...folders)).toBe(paths.join('\n'));
    expect(paths.every(existsSync)).toBe(true);
  });

  test('--out and --json', async () => {
    const out = join(scratch, 'figures', 'c');
    expect(JSON.parse(await run('plot', fallingRun('a', 20), '--out', out, '--json'))).toEqual({
      png: `${out}.png`,
      svg: `${out}.svg`,
    });
    expect(existsSync(`${out}.svg`)).toBe(true);
  });

  test('throws a Fault for a folder that is no run', async () => {
    await expect(run('plot', scratch)).rejects.toThrow(Fault);
  });
});
