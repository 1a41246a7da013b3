// How far a values' axis reaches. Plain arithmetic: pictures and the board's page share it.

export type Range = readonly [low: number, high: number];

interface Place {
  readonly x: number;
  readonly y: number | null;
}

const STRETCHES = 20;
const FEWEST = 20;
// Of the bulk's height: what reaches further beyond it than this is a spike, of which so much is shown.
const FURTHEST = 1;
const SHOWN = 0.2;

/**
 * Where a run's values lie but for spikes: the medians of twenty stretches, its beginning (a loss that falls from there
 * is no spike), and of values that are drawn themselves all but the outermost
 * twentieths.
 * Of few values all: nothing says what of them is a spike.
 */
export function bulkOf(values: ArrayLike<number | null>, scattered: boolean): Range | null {
  const finite = Array.from(values).filter((value): value is number => value !== null && Number.isFinite(value));
  const { length } = finite;
  if (length < FEWEST) return extentOf(finite);
  const at = (place: number): number => Math.floor((place * length) / STRETCHES);
  const medians = Array.from({ length: STRETCHES }, (_, i) => quantile(finite.slice(at(i), at(i + 1)), 0.5));
  const scatter = scattered ? [0.05, 0.95].map((share) => quantile(finite, share)) : [];
  return extentOf([...medians, quantile(finite.slice(0, 5), 0.5), ...scatter]);
}

function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.round(share * (values.length - 1))] as number;
}

/** The smallest and the largest of what is a number. */
export function extentOf(values: Iterable<number | null>): Range | null {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (value === null || !Number.isFinite(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low > high ? null : [low, high];
}

/**
 * How far an axis reaches: over all that is drawn, but a spike far outside of the bulk is cut off, so that it does not
 * press the rest flat.
 *
 * @param drawn all values in the picture
 * @param bulks each line's, as {@link bulkOf} tells; of a line that is to be shown whole, its extent
 */
export function reachOf(drawn: Iterable<number | null>, bulks: readonly (Range | null)[]): Range | null {
  const all = extentOf(drawn);
  if (!all) return null;
  const bulk = extentOf(bulks.flatMap((one) => one ?? []));
  if (!bulk || bulk[1] === bulk[0]) return all;
  const height = bulk[1] - bulk[0];
  const reach = (end: 0 | 1, outwards: -1 | 1): number => {
    const beyond = outwards * (all[end] - bulk[end]);
    return beyond <= FURTHEST * height ? all[end] : bulk[end] + outwards * SHOWN * height;
  };
  return [reach(0, -1), reach(1, 1)];
}

/** Where lines leave the picture, and by how much. */
export interface Cut {
  readonly x: number;
  readonly y: number;
  readonly above: boolean;
}

/** Of each piece of a line outside a range its outermost point. Points no further than `apart` from the last are one piece. */
export function cutsOf(line: Iterable<Place>, [low, high]: Range, apart: number): Cut[] {
  const cuts: (Cut & { readonly until: number })[] = [];
  for (const { x, y } of line) {
    if (y === null || !(y > high || y < low)) continue;
    const above = y > high;
    const last = cuts.at(-1);
    if (!last || last.above !== above || x - last.until > apart) cuts.push({ x, y, above, until: x });
    else if (above ? y > last.y : y < last.y) cuts[cuts.length - 1] = { x, y, above, until: x };
    else cuts[cuts.length - 1] = { ...last, until: x };
  }
  return cuts;
}

/** What the triangles at the edges stand for; nothing where there are none. */
export function cutsInWords(cuts: readonly Cut[]): string {
  const side = (which: boolean): Range | null =>
    extentOf(cuts.filter(({ above }) => above === which).map(({ y }) => y));
  const [up, down] = [side(true), side(false)];
  const ends = [...(up ? [`up to ${short(up[1])}`] : []), ...(down ? [`down to ${short(down[0])}`] : [])];
  return ends.length > 0 ? `Triangles: spikes beyond the edge, ${ends.join(' and ')}.` : '';
}

function short(value: number): string {
  return value.toLocaleString('en', { maximumSignificantDigits: 3 });
}
