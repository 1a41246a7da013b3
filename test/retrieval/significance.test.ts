import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { bootstrapInterval, effectSize, holm, randomizationTest } from '../../retrieval/significance.js';

type Case = { readonly differences: number[]; readonly p: number; readonly interval: [number, number] };
const cases: Case[] = JSON.parse(readFileSync(new URL('significance.json', import.meta.url), 'utf8'));
const few = cases.filter(({ differences }) => differences.length <= 18);
const many = cases.filter(({ differences }) => differences.length > 18);

describe('the paired randomisation test', () => {
  it.each(few)('gives scipy’s p exactly for few queries', ({ differences, p }) => {
    expect(randomizationTest(differences)).toEqual({ p: expect.closeTo(p, 12), exact: true });
  });

  it.each(many)('gives scipy’s p within four standard errors of the two samples', ({ differences, p }) => {
    const ours = randomizationTest(differences, { permutations: 99_999 });
    expect(ours.exact).toBe(false);
    const error = Math.sqrt((2 * p * (1 - p)) / 99_999);
    expect(Math.abs(ours.p - p)).toBeLessThan(4 * error);
  });

  it('counts by hand: four wins of one size have p 2/16, and queries that tie change nothing', () => {
    expect(randomizationTest([0.5, 0.5, 0.5, 0.5])).toEqual({ p: 0.125, exact: true });
    expect(randomizationTest([0.5, 0, 0.5, 0, 0.5, 0.5, ...new Array(50).fill(0)])).toEqual({ p: 0.125, exact: true });
    expect(randomizationTest([0.1, 0.2, -0.3])).toEqual({ p: 1, exact: true });
    expect(randomizationTest([])).toEqual({ p: 1, exact: true });
  });

  it('never says 0, keeps its seed, and is fair under the null hypothesis', () => {
    const clear = new Array(100).fill(1);
    expect(randomizationTest(clear, { permutations: 999 }).p).toBe(0.001);
    const { differences } = many[0] as Case;
    expect(randomizationTest(differences)).toEqual(randomizationTest(differences));
    expect(randomizationTest(differences, { seed: 1 })).not.toEqual(randomizationTest(differences, { seed: 2 }));
  });
});

describe('the bootstrap interval', () => {
  it.each(cases)('is scipy’s percentile interval, within sampling', ({ differences, interval }) => {
    const ours = bootstrapInterval(differences, { resamples: 99_999 });
    const width = interval[1] - interval[0];
    for (const end of [0, 1] as const) expect(Math.abs(ours[end] - interval[end])).toBeLessThan(0.02 * width);
  });

  it('is a point where all values are one', () => {
    expect(bootstrapInterval([0.25, 0.25, 0.25])).toEqual([0.25, 0.25]);
  });
});

describe('Holm’s correction', () => {
  it('is statsmodels’ multipletests(method="holm")', () => {
    const corrected = holm([0.01, 0.04, 0.03, 0.005, 0.6, 0.03]);
    const reference = [0.05, 0.12, 0.12, 0.03, 0.6, 0.12];
    corrected.forEach((p, i) => {
      expect(p).toBeCloseTo(reference[i] as number, 12);
    });
  });

  it('leaves one p alone and none above 1', () => {
    expect(holm([0.04])).toEqual([0.04]);
    expect(holm([0.9, 0.8])).toEqual([1, 1]);
  });
});

it('an effect is the mean in standard deviations', () => {
  expect(effectSize([1, 2, 3])).toBeCloseTo(2, 12);
  expect(effectSize([0, 0])).toBe(0);
});
