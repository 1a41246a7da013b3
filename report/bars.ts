import type { ChartConfiguration, Plugin } from 'chart.js';
import { type Chart, type Size, writeChart } from './chart.js';
import { family, font, ink, options, palette, tint } from './look.js';
import { meanStd, shown } from './table.js';

/** A variant and its measure's value with each seed. */
interface Bar {
  readonly name: string;
  readonly values: readonly number[];
}

/** A system to beat: the base model, BM25. */
export interface Baseline {
  readonly name: string;
  readonly value: number;
}

export interface Bars {
  readonly title: string;
  /** The data: `PEP, test, 312 queries`. */
  readonly data: string;
  /** The measure's own name: `nDCG@10`. */
  readonly measure: string;
  readonly bars: readonly Bar[];
  readonly baselines: readonly Baseline[];
}

const WIDTH = 760;
const ROW = 34;

/** Draws an ablation into `<prefix>.png` and `<prefix>.svg`. */
export function writeBars(prefix: string, bars: Bars): { png: string; svg: string } {
  return writeChart(prefix, barsChart(bars), barsSize(bars));
}

function barsSize({ bars, baselines }: Bars): Size {
  return { width: WIDTH, height: Math.round(130 + (bars.length + (baselines.length > 0 ? 1 : 0)) * ROW) };
}

/**
 * The picture: a row a variant, its mean as a large point with a bar of one standard deviation each way, single seeds
 * as small points; baselines as dashed lines. The axis need not begin at zero, which is why these are no filled bars.
 */
function barsChart({ title, data, measure, bars, baselines }: Bars): Chart {
  const rows = bars.map(({ name, values }, y) => ({ name, y, values, ...meanStd(values) }));
  const colour = palette[0] ?? ink.strong;
  const seeds = Math.max(0, ...rows.map(({ n }) => n));
  const spread =
    seeds > 1 ? `mean ± standard deviation over ${seeds} seeds; small points are single seeds` : 'one seed';
  const look = options({ title, subtitle: `${data}: ${spread}`, x: measure });
  const all = [...bars.flatMap(({ values }) => values), ...baselines.map(({ value }) => value)];
  const reach = rows.flatMap(({ mean, std }) => (Number.isFinite(std) ? [mean - std, mean + std] : []));
  const [low, high] = [Math.min(...all, ...reach), Math.max(...all, ...reach)];
  const room = (high - low || Math.abs(high) || 1) * 0.06;
  // Baselines are named in a row of their own above the variants.
  const top = baselines.length > 0 ? -1.5 : -0.6;
  return () =>
    ({
      type: 'scatter',
      data: {
        datasets: [
          {
            data: rows.map(({ mean, y }) => ({ x: mean, y })),
            pointRadius: 5.5,
            backgroundColor: colour,
            borderColor: '#ffffff',
            borderWidth: 1.5,
          },
          {
            // Below the bar, which would hide them.
            data: seeds > 1 ? rows.flatMap(({ values, y }) => values.map((x) => ({ x, y: y + 0.26 }))) : [],
            pointRadius: 2.75,
            backgroundColor: tint(colour, 0.45),
            borderWidth: 0,
          },
        ],
      },
      options: {
        ...look,
        layout: { padding: { top: 16, right: seeds > 1 ? 116 : 76, bottom: 10, left: 16 } },
        scales: {
          x: {
            ...look.scales?.x,
            type: 'linear',
            min: low - room,
            max: high + room,
            ticks: { ...look.scales?.x?.ticks, includeBounds: false },
          },
          y: {
            ...look.scales?.y,
            type: 'linear',
            reverse: true,
            min: top,
            max: rows.length - 0.4,
            grid: { display: false },
            afterBuildTicks: (axis: { ticks: { value: number }[] }) => {
              axis.ticks = rows.map(({ y }) => ({ value: y }));
            },
            ticks: {
              ...look.scales?.y?.ticks,
              autoSkip: false,
              color: ink.strong,
              font: { family, size: 12 },
              callback: (value: number) => rows[value]?.name ?? '',
            },
          },
        },
      } as unknown as ChartConfiguration['options'],
      plugins: [baselineLines(baselines), spreads(rows, colour)],
    }) as ChartConfiguration;
}

/** Error bars with short caps, and the numbers at the right. */
function spreads(rows: readonly { y: number; mean: number; std: number; n: number }[], colour: string): Plugin {
  return {
    id: 'spreads',
    beforeDatasetsDraw({ ctx, scales: { x, y }, width }) {
      if (!x || !y) return;
      ctx.save();
      ctx.strokeStyle = colour;
      ctx.lineWidth = 1.75;
      for (const { std, mean, y: row } of rows.filter((row) => Number.isFinite(row.std))) {
        const [left, right, level] = [
          x.getPixelForValue(mean - std),
          x.getPixelForValue(mean + std),
          y.getPixelForValue(row),
        ];
        ctx.beginPath();
        ctx.moveTo(left, level);
        ctx.lineTo(right, level);
        for (const end of [left, right]) {
          ctx.moveTo(end, level - 4);
          ctx.lineTo(end, level + 4);
        }
        ctx.stroke();
      }
      ctx.font = font(12);
      ctx.textBaseline = 'middle';
      ctx.fillStyle = ink.strong;
      ctx.textAlign = 'right';
      const edge = width - 20;
      for (const row of rows) ctx.fillText(shown(row), edge, y.getPixelForValue(row.y));
      ctx.restore();
    },
  };
}

/** Dashed lines from top to bottom with their names; a name that would cover another goes to the line's other side. */
function baselineLines(baselines: readonly Baseline[]): Plugin {
  return {
    id: 'baselines',
    beforeDatasetsDraw({ ctx, scales: { x }, chartArea }) {
      if (!x) return;
      ctx.save();
      ctx.font = font(11);
      ctx.textBaseline = 'top';
      let free = Number.NEGATIVE_INFINITY;
      for (const { name, value } of baselines.toSorted((a, b) => a.value - b.value)) {
        const at = x.getPixelForValue(value);
        const text = `${name} ${shown(value)}`;
        const { width } = ctx.measureText(text);
        ctx.strokeStyle = ink.faint;
        ctx.lineWidth = 1.25;
        ctx.setLineDash([5, 4]);
        ctx.beginPath();
        ctx.moveTo(at, chartArea.top);
        ctx.lineTo(at, chartArea.bottom);
        ctx.stroke();
        // With a dash set, Skia writes text into an SVG as outlines.
        ctx.setLineDash([]);
        const left = at - 6 - width > free ? at - 6 - width : at + 6;
        ctx.fillStyle = '#ffffff';
        ctx.fillRect(left - 2, chartArea.top, width + 4, 17);
        ctx.fillStyle = ink.text;
        ctx.fillText(text, left, chartArea.top + 2);
        free = left + width + 8;
      }
      ctx.restore();
    },
  };
}
