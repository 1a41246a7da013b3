import type { Point } from '../charts/curves.js';

// More points than this cannot be seen at a picture's width, and make the SVG heavy.
const MOST_POINTS = 1500;

/** The steps an average looks back over: the root of the run's, so that short runs are smoothed and long ones not smeared. */
export function spanFor(steps: number): number {
  return Math.min(200, Math.max(1, Math.sqrt(steps)));
}

/** Exponential moving average, corrected for its start, so that the first values count fully. NaN stays NaN and is not counted. */
export function movingAverage(values: ArrayLike<number>, span: number): Float64Array {
  const keep = 1 - 2 / (span + 1);
  let sum = 0;
  let weight = 0;
  return Float64Array.from(values).map((value) => {
    if (!Number.isFinite(value)) return Number.NaN;
    sum = keep * sum + (1 - keep) * value;
    weight = keep * weight + (1 - keep);
    return sum / weight;
  });
}

/** A line of at most about `most` points, of which each stretch keeps its lowest and highest, so that no spike is lost. */
export function thin(xs: ArrayLike<number>, ys: ArrayLike<number>, most = MOST_POINTS): Point[] {
  const point = (at: number): Point => ({ x: xs[at] as number, y: ys[at] as number });
  const stretch = xs.length <= most ? 1 : Math.ceil((2 * xs.length) / most);
  const kept: Point[] = [];
  for (let start = 0; start < xs.length; start += stretch) {
    let [low, high] = [-1, -1];
    for (let at = start; at < Math.min(start + stretch, xs.length); at++) {
      const y = ys[at] as number;
      if (!Number.isFinite(y)) continue;
      if (low < 0 || y < (ys[low] as number)) low = at;
      if (high < 0 || y > (ys[high] as number)) high = at;
    }
    if (low < 0) kept.push(point(start));
    else kept.push(...(low === high ? [low] : [Math.min(low, high), Math.max(low, high)]).map(point));
  }
  return kept;
}
