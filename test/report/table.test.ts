import { expect, test } from 'vitest';
import { markdownTable, meanStd, plainTable } from '../../report/table.js';

test('meanStd is the sample deviation', () => {
  const { mean, std, n } = meanStd([2, 4, 4, 4, 5, 5, 7, 9]);
  expect([mean, n]).toEqual([5, 8]);
  expect(std).toBeCloseTo(Math.sqrt(32 / 7), 12);
  expect(meanStd([3])).toEqual({ mean: 3, std: Number.NaN, n: 1 });
  expect(meanStd([]).mean).toBeNaN();
});

const columns = [
  { heading: 'Variant' },
  { heading: 'nDCG@10', best: 'highest' as const },
  { heading: 'Loss', best: 'lowest' as const, digits: 1 },
  { heading: 'Note' },
];
const rows = [
  ['all', meanStd([0.34, 0.36]), 1.24, 'a|b'],
  ['été', 0.35, 1.2, undefined],
  ['none', Number.NaN, 12, 'x'],
];

test('plainTable sets text left and numbers right', () => {
  expect(plainTable(columns, rows)).toBe(
    [
      'Variant        nDCG@10  Loss  Note',
      '───────  ─────────────  ────  ────',
      'all      0.350 ± 0.014   1.2  a|b',
      'été              0.350   1.2',
      'none                 –  12.0  x',
    ].join('\n'),
  );
});

test('markdownTable sets the best in bold, and all that look as good', () => {
  expect(markdownTable(columns, rows)).toBe(
    [
      '| Variant | nDCG@10 | Loss | Note |',
      '| --- | ---: | ---: | --- |',
      '| all | **0.350 ± 0.014** | **1.2** | a\\|b |',
      '| été | **0.350** | **1.2** |  |',
      '| none | – | 12.0 | x |',
    ].join('\n'),
  );
});

test('a table without rows has its headings', () => {
  expect(plainTable([{ heading: 'A' }], [])).toBe('A\n─');
});
