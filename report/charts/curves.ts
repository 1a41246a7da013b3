import type { ChartConfiguration, ChartDataset, Plugin } from 'chart.js';
import { type Picture, writeChart } from './chart.js';
import { type EndLabel, endLabels, labelHeight, labelIndent } from './end-labels.js';
import { headingRoom, lineLook, options, tint } from './look.js';
import { crosses, triangles } from './marks.js';
import { shortNames } from './names.js';
import { cutsInWords, cutsOf, extentOf, type Range, reachOf } from './reach.js';
import { font, textWidth } from './text.js';

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A value that ranges from `low` to `high` at `x`. */
export interface Span {
  readonly x: number;
  readonly low: number;
  readonly high: number;
}

export interface Curve {
  readonly name: string;
  readonly line: readonly Point[];
  /** Drawn faintly behind; where there are many curves, left out. */
  readonly raw: readonly Point[];
  /** Drawn as a band behind. */
  readonly band: readonly Span[];
  /** Where its values lie but for spikes, for the axis; null where all of it is to be seen. */
  readonly bulk: Range | null;
  /** Where it ends because its values are no numbers from there on. */
  readonly broken: Point | null;
}

export interface Curves {
  readonly title: string;
  readonly subtitle: string;
  readonly x: string;
  readonly y: string;
  readonly curves: readonly Curve[];
  /** Mark the points that the lines join. */
  readonly points?: boolean;
}

const CHART = 700;

/** Behind more curves than this, raw lines and bands hide each other. */
export const mostBehind = 6;

/** Draws curves over training; two or more have their names beside them. */
export function writeCurves(prefix: string, given: Curves): Picture {
  const { curves, points = false, title, subtitle, x, y } = given;
  const named = curves.length > 1;
  const names = shortNames(
    curves.map(({ name }) => name),
    260,
  );
  const room = named ? labelIndent + Math.max(...names.map((name) => textWidth(name, font(11)))) + 8 : 8;
  const behind = curves.length <= mostBehind;
  const [low, high] = reach(curves, behind);
  const xs = curves.flatMap(({ line }) => [line[0]?.x ?? 0, line.at(-1)?.x ?? 0]);
  const [first, last] = [Math.min(...xs), Math.max(...xs)];
  const lines = curves.map((curve, i) => ({
    ...curve,
    look: lineLook(i),
    short: names[i] as string,
    cuts: cutsOf(placesOf(curve, behind), [low ?? 0, high ?? 0], (last - first) / 50),
  }));
  const headings = {
    title,
    subtitle: `${subtitle} ${cutsInWords(lines.flatMap(({ cuts }) => cuts))}`.trim(),
    x,
    y,
    width: CHART - 32,
  };
  const height = Math.max(440, curves.length * labelHeight + 150) + headingRoom(headings);
  const look = options(headings);
  const labels: EndLabel[] = named
    ? lines.map(({ line, look, short }) => ({ name: short, look, end: line.findLast(({ y }) => Number.isFinite(y)) }))
    : [];
  const chart = (): ChartConfiguration =>
    ({
      type: 'line',
      data: {
        datasets: [
          // Chart.js draws the first set last, on top: faint lines beneath, and solid lines beneath dashed ones.
          ...lines
            .toSorted((a, b) => b.look.dash.length - a.look.dash.length)
            .map(({ line, look }) => ({
              ...stroke(line, look.colour, 1.9),
              borderDash: look.dash,
              pointStyle: look.marker,
              pointRadius: points || line.length === 1 ? 3.5 : 0,
              // Half of a point at the edge, and of a line along it, lies outside.
              clip: points ? 6 : 2,
              pointBackgroundColor: '#ffffff',
              pointBorderWidth: 1.6,
            })),
          ...(behind ? lines.map(({ raw, look }) => stroke(raw, tint(look.colour, named ? 0.18 : 0.3), 1)) : []),
        ],
      },
      options: {
        ...look,
        layout: { padding: { top: 16, right: 16 + room, bottom: 10, left: 16 } },
        parsing: false,
        scales: {
          x: {
            ...look.scales?.x,
            type: 'linear',
            min: first === last ? first - 1 : points ? undefined : Math.min(0, first),
            max: first === last ? last + 1 : last,
            ticks: { ...look.scales?.x?.ticks, includeBounds: false, precision: first === last ? 0 : undefined },
            grid: { display: false },
            border: { display: true, color: '#c9ced4' },
          },
          y: {
            ...look.scales?.y,
            type: 'linear',
            min: low,
            max: high,
            ticks: {
              ...look.scales?.y?.ticks,
              includeBounds: false,
              ...(high !== undefined && high < 1e-3 && { callback: tiny }),
            },
          },
        },
      } as unknown as ChartConfiguration['options'],
      plugins: [bands(behind ? lines : []), crosses(lines), triangles(lines), endLabels(labels)],
    }) as ChartConfiguration;
  return writeChart(prefix, chart, { width: CHART + room, height });
}

/** `2e-5`, as learning rates are written. */
function tiny(value: number | string): string {
  return Number(value) === 0 ? '0' : Number(Number(value).toPrecision(6)).toExponential();
}

function stroke(data: readonly Point[], borderColor: string, borderWidth: number): ChartDataset<'line'> {
  const shape = { pointRadius: 0, borderJoinStyle: 'round', borderCapStyle: 'butt' } as const;
  return { data: [...data], borderColor, borderWidth, ...shape };
}

/** All that is drawn of a curve, along the axis. */
function placesOf({ line, raw, band }: Curve, behind: boolean): Point[] {
  const edges = band.flatMap(({ x, low, high }) => [
    { x, y: low },
    { x, y: high },
  ]);
  return [...line, ...(behind ? [...raw, ...edges] : [])].sort((a, b) => a.x - b.x);
}

/** The values' axis: all that is drawn but spikes. */
function reach(curves: readonly Curve[], behind: boolean): Range | [undefined, undefined] {
  const drawn = curves.map((curve) => placesOf(curve, behind).map(({ y }) => y));
  const found = reachOf(
    drawn.flat(),
    curves.map(({ bulk }, i) => bulk ?? extentOf(drawn[i] ?? [])),
  );
  if (!found) return [undefined, undefined];
  const [low, high] = found;
  const air = (high - low || Math.abs(high) || 1) * 0.04;
  // What cannot be negative is not given an axis that is.
  return [low >= 0 ? Math.max(0, low - air) : low - air, high + air];
}

type Drawn = Curve & { readonly look: ReturnType<typeof lineLook> };

function bands(lines: readonly Drawn[]): Plugin {
  return {
    id: 'bands',
    beforeDatasetsDraw({ ctx, scales: { x, y }, chartArea: { left, top, width, height } }) {
      if (!x || !y) return;
      ctx.save();
      ctx.beginPath();
      ctx.rect(left, top, width, height);
      ctx.clip();
      for (const { band, look } of lines.filter(({ band }) => band.length > 0)) {
        ctx.fillStyle = tint(look.colour, 0.16);
        ctx.beginPath();
        for (const { x: at, high } of band) ctx.lineTo(x.getPixelForValue(at), y.getPixelForValue(high));
        for (const { x: at, low } of band.toReversed()) ctx.lineTo(x.getPixelForValue(at), y.getPixelForValue(low));
        ctx.closePath();
        ctx.fill();
      }
      ctx.restore();
    },
  };
}
