import { describe, expect, it } from 'vitest';
import { askedAgainstGot } from '../../synth/asked-got.js';
import { askedLength } from '../../synth/lengths.js';

describe('lengths', () => {
  it('follow the distribution that is stated', () => {
    const ranges: { words: [number, number]; share: number }[] = [
      { words: [300, 600], share: 3 },
      { words: [600, 2000], share: 1 },
    ];
    const inOrder = Array.from({ length: 400 }, (_, i) => askedLength(ranges, i, 400, 5));
    const asked = inOrder.toSorted((a, b) => a - b);
    expect(inOrder).not.toEqual(asked);
    expect(asked.filter((length) => length <= 600)).toHaveLength(300);
    // Even within a range: the quartiles of the first, the middle of the second.
    for (const [place, wanted] of [
      [75, 375],
      [150, 450],
      [225, 525],
      [350, 1300],
    ] as const) {
      expect(Math.abs(asked[place]! - wanted)).toBeLessThan(10);
    }
    expect(asked[0]).toBeGreaterThanOrEqual(300);
    expect(asked.at(-1)).toBeLessThanOrEqual(2000);
  });

  it('asked for are held against those that came', () => {
    const got = [280, 410, 650, 660, 900];
    const pieces = [300, 400, 500, 600, 700].map((asked, i) => ({
      text: '',
      origin: { from: 'written' as const, model: '', prompt: '', call: '', words: { asked, got: got[i]! } },
    }));
    // 0.4: scipy.stats.ks_2samp
    expect(askedAgainstGot(pieces, 0.25)).toMatchObject({ within: 0.6, distance: expect.closeTo(0.4, 12) });
    expect(askedAgainstGot([], 0.25)).toBeNull();
  });
});
