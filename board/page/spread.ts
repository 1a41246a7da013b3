import { meanStd } from '../../report/table.js';
import type { Spread } from '../protocol.js';
import { s } from './dom.js';
import { fixed, shortened } from './format.js';
import { extent, ticks, tickTexts } from './scale.js';

const ROW = 24;

/** A row a variant: its seeds as small points, their mean as a large one, a standard deviation each way as a bar. */
export function spreadChart(variants: readonly Spread[], measure: string, width: number): SVGElement | null {
  const range = extent(variants.flatMap(({ values }) => values));
  if (!range) return null;
  const left = Math.min(300, 0.4 * width, 16 + 6.6 * Math.max(...variants.map(({ name }) => name.length)));
  const right = width - 110;
  const height = variants.length * ROW + 30;
  const toX = (value: number): number => left + ((value - range[0]) / (range[1] - range[0])) * (right - left);
  const marks = ticks(...range, Math.max(2, (right - left) / 90));
  const texts = tickTexts(marks);
  const grid = marks.flatMap((value, i) => [
    s('line', { class: 'grid', x1: toX(value), x2: toX(value), y1: 4, y2: height - 24 }),
    s('text', { x: toX(value), y: height - 8, 'text-anchor': 'middle' }, texts[i]),
  ]);
  const rows = variants.flatMap(({ name, values }, i) => {
    const y = 4 + (i + 0.5) * ROW;
    const { mean, std } = meanStd(values);
    const bar = Number.isFinite(std)
      ? [
          s('line', {
            class: 'bar',
            x1: toX(Math.max(range[0], mean - std)),
            x2: toX(Math.min(range[1], mean + std)),
            y1: y,
            y2: y,
          }),
        ]
      : [];
    const most = Math.round((left - 16) / 6.6);
    return [
      s(
        'text',
        { class: 'name', x: left - 10, y: y + 4, 'text-anchor': 'end' },
        shortened(name, most),
        s('title', {}, name),
      ),
      ...bar,
      ...(values.length > 1
        ? values.map((value) => s('circle', { class: 'seed', cx: toX(value), cy: y + 7, r: 2 }))
        : []),
      s('circle', { class: 'dot c1', cx: toX(mean), cy: y, r: 4.5 }),
      s(
        'text',
        { class: 'value', x: width - 4, y: y + 4, 'text-anchor': 'end' },
        Number.isFinite(std) ? `${fixed(mean, 3)} ± ${fixed(std, 3)}` : fixed(mean, 3),
      ),
    ];
  });
  const words = variants.map(({ name, values }) => `${name} ${fixed(meanStd(values).mean, 3)}`).join(', ');
  return s(
    'svg',
    {
      class: 'spread',
      width,
      height,
      viewBox: `0 0 ${width} ${height}`,
      role: 'img',
      'aria-label': `${measure}: ${words}`,
    },
    ...grid,
    ...rows,
  );
}
