import type { Picture } from '../charts/chart.js';
import { type Curve, mostBehind, type Point, writeCurves } from '../charts/curves.js';
import { bulkOf, extentOf, type Range } from '../charts/reach.js';
import type { History } from '../events.js';
import type { Column } from '../step-line.js';
import { type Axis, positions, unitOf } from './axis.js';
import { type Group, readGroups } from './runs.js';
import { overSeeds } from './seeds.js';
import { movingAverage, spanFor, thin } from './smooth.js';

/** What of each step is drawn over training. */
const quantities = {
  loss: { of: 'loss', title: 'Training loss', y: 'Loss', smooth: true },
  'learning-rate': { of: 'lr', title: 'Learning rate', y: 'Learning rate', smooth: false },
  'gradient-norm': {
    of: 'grad_norm',
    title: 'Gradient norm',
    y: 'Norm of the gradient before clipping',
    smooth: true,
  },
  throughput: { of: 'tokens_per_s', title: 'Throughput', y: 'Tokens a second', smooth: true },
} as const satisfies Record<string, QuantityLook>;

interface QuantityLook {
  readonly of: Column;
  readonly title: string;
  readonly y: string;
  /** Whether single steps scatter, so that a moving average is drawn over them. */
  readonly smooth: boolean;
}

export type Quantity = keyof typeof quantities;

/**
 * Draws a quantity of one or more runs over training: each step faintly, a moving average strongly; of a variant with
 * several seeds the mean of their averages, and a band from the lowest to the highest.
 *
 * @param paths run folders and sweep folders
 * @throws Fault a folder that is no run, or that holds no step yet
 */
export function writeTraining(
  prefix: string,
  paths: readonly string[],
  quantity: Quantity,
  axis: Axis = 'step',
): Picture {
  const groups = readGroups(paths);
  const { of, smooth, ...look } = quantities[quantity];
  const [only] = groups;
  const single = groups.length === 1 && only?.runs.length === 1 ? only : undefined;
  const shown = single && quantity === 'loss' && axis === 'step' ? bySource(single) : groups;
  const last = Math.max(...groups.flatMap(({ runs }) => runs.map(({ steps }) => positions(steps, axis).at(-1) ?? 0)));
  const unit = unitOf(axis, last);
  const curves = shown.map((group) => curveOf(group, { of, smooth, axis, size: unit.size }));
  const notes = [
    single ? about(single.runs[0] as History) : counted(groups),
    ...(smooth ? explained(curves, groups) : []),
    ...(groups.some(uneven) ? ['A variant’s line ends with its shortest seed.'] : []),
    ...(curves.some(({ broken }) => broken) ? ['×: from there on no number.'] : []),
  ];
  const title = groups.length === 1 ? `${look.title} of ${only?.name}` : look.title;
  return writeCurves(prefix, { title, subtitle: notes.join(' '), x: unit.heading, y: look.y, curves });
}

interface Drawing {
  readonly of: Column;
  readonly smooth: boolean;
  readonly axis: Axis;
  /** Of the axis's unit. */
  readonly size: number;
}

function curveOf({ name, runs }: Group, { of, smooth, axis, size }: Drawing): Curve {
  const lines = runs.map(({ steps }) => {
    const [xs, values] = [positions(steps, axis).map((x) => x / size), steps.column(of)];
    const averaged = smooth ? movingAverage(values, spanFor(values.length)) : values;
    const points = (ys: Float64Array): Point[] => thin(xs, ys);
    return { raw: points(values), line: points(averaged) };
  });
  const [first] = lines as [(typeof lines)[number]];
  const several = lines.length > 1;
  const { mean, band } = several ? overSeeds(lines.map(({ line }) => line)) : { mean: first.line, band: [] };
  const raw = several || !smooth ? [] : first.raw;
  return { name, line: mean, band, raw, bulk: smooth ? bulk(runs, of, raw.length > 0) : null, broken: brokenAt(mean) };
}

/** Where the steps of all seeds lie but for spikes, of which an average is full for long. */
function bulk(runs: readonly History[], of: Column, scattered: boolean): Range | null {
  return extentOf(runs.flatMap(({ steps }) => bulkOf(steps.column(of), scattered) ?? []));
}

/** Whether seeds have not come equally far. */
function uneven({ runs }: Group): boolean {
  return new Set(runs.map(({ steps }) => steps.last)).size > 1;
}

/** The last number of a line that ends in something else. */
function brokenAt(line: readonly Point[]): Point | null {
  const last = line.findLastIndex(({ y }) => Number.isFinite(y));
  return last >= 0 && last < line.length - 1 ? (line[last] as Point) : null;
}

/** A run's steps by source: losses of different sources do not compare, and one line through them is a zigzag. */
function bySource(group: Group): Group[] {
  const [{ steps }] = group.runs as [History];
  // Beyond a handful, lines hide each other.
  if (steps.sources.length < 2 || steps.sources.length > 5) return [group];
  return steps.sources.map((name, source) => ({
    name: name || 'other',
    runs: [{ steps: steps.ofSource(source), evaluations: [] }],
  }));
}

function explained(curves: readonly Curve[], groups: readonly Group[]): string[] {
  if (curves.length > mostBehind) return ['Lines: moving averages.'];
  const seeds = Math.max(...groups.map(({ runs }) => runs.length));
  if (seeds === 1) return ['Faint: each step. Strong: moving average.'];
  const mixed = groups.some(({ runs }) => runs.length === 1) ? ' Faint: each step of a single run.' : '';
  return [`Line: mean over seeds of their moving averages. Band: from the lowest to the highest seed.${mixed}`];
}

function counted(groups: readonly Group[]): string {
  const seeds = [...new Set(groups.map(({ runs }) => runs.length))].sort((a, b) => a - b);
  if (seeds.length === 1 && seeds[0] === 1) return `${groups.length} runs.`;
  const variants = groups.length === 1 ? '' : `${groups.length} variants, `;
  return `${variants}${seeds.length === 1 ? seeds[0] : `${seeds[0]} to ${seeds.at(-1)}`} seeds${variants ? ' each' : ''}.`;
}

function about({ steps }: History): string {
  const tokens = steps.tokensSoFar().at(-1) ?? 0;
  const sources = steps.sources.filter(Boolean).sort();
  const from = sources.length === 0 || sources.length > 4 ? '' : ` from ${sources.join(', ')}`;
  return `${amount(steps.length)} ${steps.length === 1 ? 'step' : 'steps'}, ${amount(tokens)} tokens${from}.`;
}

/** `10.2 million`: large numbers in words. */
function amount(value: number): string {
  const [size, word] = value >= 1e9 ? [1e9, ' billion'] : value >= 1e6 ? [1e6, ' million'] : [1, ''];
  return `${(value / size).toLocaleString('en', { maximumFractionDigits: word ? 1 : 0 })}${word}`;
}
