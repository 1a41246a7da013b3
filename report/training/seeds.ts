import type { Point, Span } from '../charts/curves.js';

const GRID = 400;

/**
 * Several seeds' lines as one: their mean, and a band from the lowest to the highest of them. Where one is no number, nor
 * is the mean. Lines of as many points are taken point by point, else at so many places from where all have begun to
 * where the first ends.
 */
export function overSeeds(lines: readonly (readonly Point[])[]): { mean: Point[]; band: Span[] } {
  const [first = []] = lines;
  const alike = first.length <= GRID && lines.every((line) => line.length === first.length);
  const places = alike ? first.map((_, i) => lines.map((line) => line[i] as Point)) : resampled(lines);
  const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
  const all = places.map((points) => ({ x: mean(points.map(({ x }) => x)), ys: points.map(({ y }) => y) }));
  return {
    mean: all.map(({ x, ys }) => ({ x, y: mean(ys) })),
    band: all
      .map(({ x, ys }) => ({ x, low: Math.min(...ys), high: Math.max(...ys) }))
      .filter(({ low }) => Number.isFinite(low)),
  };
}

function resampled(lines: readonly (readonly Point[])[]): Point[][] {
  const from = Math.max(...lines.map((line) => line[0]?.x ?? 0));
  const to = Math.min(...lines.map((line) => line.at(-1)?.x ?? 0));
  const at = lines.map((line) => interpolator(line));
  return Array.from({ length: GRID }, (_, i) => {
    const x = from + ((to - from) * i) / (GRID - 1);
    return at.map((value) => ({ x, y: value(x) }));
  });
}

/** Reads a line between its points; asked for ascending places. */
function interpolator(line: readonly Point[]): (x: number) => number {
  let i = 0;
  return (x) => {
    while (i < line.length - 2 && (line[i + 1] as Point).x < x) i++;
    const [a, b = a] = [line[i] as Point, line[i + 1]];
    if (x <= a.x || a.x === b.x) return a.y;
    return x >= b.x ? b.y : a.y + ((x - a.x) / (b.x - a.x)) * (b.y - a.y);
  };
}
