import type { Point } from '../charts/curves.js';

// More points than this cannot be seen at a picture's width, and make the SVG heavy.
const MOST_POINTS = 1500;

/** The steps an average looks back over: the root of the run's, so that short runs are smoothed and long ones not smeared. */
export function spanFor(steps: number): number {
  return Math.min(200, Math.max(1, Math.sqrt(steps)));
}

/** Exponential moving average, corrected for its start, so that the first values count fully. NaN stays NaN and is not counted. */
export function movingAverage(values: readonly number[], span: number): number[] {
  const keep = 1 - 2 / (span + 1);
  let sum = 0;
  let weight = 0;
  return values.map((value) => {
    if (!Number.isFinite(value)) return Number.NaN;
    sum = keep * sum + (1 - keep) * value;
    weight = keep * weight + (1 - keep);
    return sum / weight;
  });
}

/** At most about `most` points, of which each stretch keeps its lowest and highest, so that no spike is lost. */
export function thin(points: readonly Point[], most = MOST_POINTS): Point[] {
  if (points.length <= most) return [...points];
  const stretch = Math.ceil((2 * points.length) / most);
  const kept: Point[] = [];
  for (let start = 0; start < points.length; start += stretch) {
    const part = points.slice(start, start + stretch).filter(({ y }) => Number.isFinite(y));
    const low = part.reduce((a, b) => (b.y < a.y ? b : a), part[0] as Point);
    const high = part.reduce((a, b) => (b.y > a.y ? b : a), part[0] as Point);
    if (part.length === 0) kept.push(points[start] as Point);
    else kept.push(...(low === high ? [low] : low.x < high.x ? [low, high] : [high, low]));
  }
  return kept;
}
