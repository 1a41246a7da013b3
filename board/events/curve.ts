import { spanFor } from '../../report/training/smooth.js';
import type { Axis, Curves, Measured, Series } from '../protocol.js';
import type { Evaluation, EventLog } from './log.js';

/** The points of a line, at most about so many: more cannot be seen, and every spike is among them. */
const MOST_POINTS = 1600;
const measures = ['loss', 'lr', 'grad_norm', 'tokens_per_s', 'memory_mb'] as const satisfies readonly Measured[];

/** What a run's curves are drawn from. `axis` is what lies along the picture's foot. */
export function curvesOf(log: EventLog, axis: Axis): Curves {
  const { steps } = log;
  const x = axis === 'tokens' ? steps.tokensSoFar() : steps.column(axis === 'seconds' ? 'seconds' : 'step');
  const whole = (name: Measured): Series[] => {
    const line = thinned('', x, steps.column(name));
    // What is set, or only rises, is as it is: an average would lag behind it.
    const exact = name === 'lr' || name === 'memory_mb';
    return line.y.some((value) => value !== null) ? [exact ? { ...line, smooth: [] } : line] : [];
  };
  const measured = Object.fromEntries(measures.map((name) => [name, whole(name)])) as Record<Measured, Series[]>;
  // Losses of different sources do not compare, and one line through them is a zigzag; beyond a handful lines hide each other.
  if (steps.sources.length > 1 && steps.sources.length <= 5) measured.loss = lossBySource(log, x);
  const { count, first } = log.unread;
  const notes = count > 0 ? [`${count} lines of events.jsonl could not be read, the first is line ${first}`] : [];
  return { steps: steps.length, axis, measured, evals: evaluationLines(log.evaluations, axis, log), notes };
}

function lossBySource({ steps }: EventLog, x: Float64Array): Series[] {
  const [source, loss] = [steps.sourceOf(), steps.column('loss')];
  return steps.sources.map((name, number) => {
    const places = source.reduce((count, one) => count + (one === number ? 1 : 0), 0);
    const [xs, ys] = [new Float64Array(places), new Float64Array(places)];
    let to = 0;
    for (let at = 0; at < source.length; at++) {
      if (source[at] !== number) continue;
      xs[to] = x[at] as number;
      ys[to++] = loss[at] as number;
    }
    return thinned(name, xs, ys);
  });
}

/**
 * A line thinned: of each stretch the lowest and the highest value, where they stand, and at its end the moving average
 * (exponential, corrected for its start, over {@link spanFor} steps) of all that came before.
 */
export function thinned(name: string, x: Float64Array, y: Float64Array, most = MOST_POINTS): Series {
  const stretch = Math.max(1, Math.ceil((2 * y.length) / most));
  const keep = 1 - 2 / (spanFor(y.length) + 1);
  const line: { x: number[]; y: (number | null)[]; smooth: { x: number; y: number }[] } = { x: [], y: [], smooth: [] };
  const add = (at: number): void => {
    line.x.push(short(x[at] as number));
    line.y.push(Number.isFinite(y[at]) ? short(y[at] as number) : null);
  };
  let [sum, weight] = [0, 0];
  for (let start = 0; start < y.length; start += stretch) {
    const end = Math.min(start + stretch, y.length);
    let [low, high] = [-1, -1];
    for (let at = start; at < end; at++) {
      const value = y[at] as number;
      if (!Number.isFinite(value)) continue;
      if (low < 0 || value < (y[low] as number)) low = at;
      if (high < 0 || value > (y[high] as number)) high = at;
      sum = keep * sum + (1 - keep) * value;
      weight = keep * weight + (1 - keep);
    }
    if (low < 0) add(start);
    else for (const at of low === high ? [low] : low < high ? [low, high] : [high, low]) add(at);
    // Where values cease to be numbers, so does their average.
    if (low >= 0) line.smooth.push({ x: short(x[end - 1] as number), y: short(sum / weight) });
  }
  return { name, ...line };
}

/** A line for each set, split and measure, at the place along the axis that its step has. */
function evaluationLines(evaluations: readonly Evaluation[], axis: Axis, { steps }: EventLog): Series[] {
  const lines = new Map<string, { name: string; x: number[]; y: (number | null)[]; smooth: [] }>();
  const step = steps.column('step');
  const along = axis === 'tokens' ? steps.tokensSoFar() : steps.column(axis === 'seconds' ? 'seconds' : 'step');
  for (const { step: at, set, split, metrics } of evaluations) {
    const x = axis === 'step' ? at : (along[lastUpTo(step, at)] ?? 0);
    for (const [measure, value] of Object.entries(metrics)) {
      const name = [set, split, measure].filter((part) => part !== undefined).join(' ');
      const line = lines.get(name) ?? { name, x: [], y: [], smooth: [] };
      lines.set(name, line);
      line.x.push(x);
      line.y.push(value);
    }
  }
  return [...lines.values()];
}

/** The place of the last value that is at most `limit`, in a rising column; −1 where there is none. */
function lastUpTo(column: Float64Array, limit: number): number {
  let [low, high] = [0, column.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((column[middle] as number) <= limit) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Six digits: what a picture can show. */
function short(value: number): number {
  return Number(value.toPrecision(6));
}
