import type { ChartConfiguration, Plugin } from 'chart.js';
import { type Picture, writeChart } from './chart.js';
import { headingRoom, ink, options, palette, tint } from './look.js';
import { nameLines } from './names.js';
import { font, textWidth } from './text.js';

/** How many of something lie in each of the bins that all histograms of a picture share. */
export interface Histogram {
  readonly name: string;
  readonly counts: readonly number[];
  /** At the right: how many there are, and the like. */
  readonly text: string;
  /** Told from the others by hatching: the second kind of each pair. */
  readonly second?: boolean;
}

export interface Histograms {
  readonly title: string;
  readonly subtitle: string;
  readonly x: string;
  /** Where bins begin, and the last ends: one more than bins; an edge without a text has no tick. */
  readonly edges: readonly string[];
  readonly histograms: readonly Histogram[];
}

const CHART = 430;
const NAME = 220;
const ROW = 48;

/** Draws histograms below each other on one axis, each as shares of its own whole, to one scale. */
export function writeHistograms(prefix: string, given: Histograms): Picture {
  const { edges, x, title, subtitle } = given;
  const names = nameLines(
    given.histograms.map(({ name }) => name),
    NAME,
    3,
  );
  const rows = given.histograms.map((one, i) => {
    const all = one.counts.reduce((sum, count) => sum + count, 0);
    return {
      ...one,
      shares: one.counts.map((count) => count / Math.max(1, all)),
      lines: names[i] as string[],
    };
  });
  const most = Math.max(...rows.flatMap(({ shares }) => shares), 1e-9);
  const nameWidth = Math.max(...rows.flatMap(({ lines }) => lines.map((line) => textWidth(line, font(12)))), 40);
  const textRoom = Math.max(...rows.map(({ text }) => textWidth(text, font(11)))) + 32;
  const width = Math.round(Math.max(700, CHART + nameWidth + textRoom + 40));
  const scaled = `${subtitle} The highest bar is ${(100 * most).toFixed(0)}\u00a0%.`;
  const headings = { title, subtitle: scaled, x, width: width - textRoom - 16 };
  const look = options(headings);
  const height = 112 + rows.length * ROW + headingRoom(headings);
  const chart = (): ChartConfiguration =>
    ({
      type: 'scatter',
      data: { datasets: [] },
      options: {
        ...look,
        layout: { padding: { top: 16, right: textRoom, bottom: 10, left: 16 } },
        scales: {
          x: {
            ...look.scales?.x,
            ...{ type: 'linear', min: 0, max: edges.length - 1 },
            afterBuildTicks: (axis: { ticks: { value: number }[] }) => {
              axis.ticks = edges.flatMap((edge, value) => (edge === '' ? [] : [{ value }]));
            },
            ticks: {
              ...look.scales?.x?.ticks,
              padding: 4,
              autoSkip: true,
              autoSkipPadding: 10,
              callback: (value: number) => edges[value] ?? '',
            },
          },
          y: {
            ...{
              type: 'linear',
              min: 0,
              max: rows.length,
              reverse: true,
              grid: { display: false },
              border: { display: false },
            },
            afterFit: (axis: { width: number }) => {
              axis.width = nameWidth + 14;
            },
            ticks: { display: false },
          },
        },
      } as unknown as ChartConfiguration['options'],
      plugins: [bars(rows, most)],
    }) as ChartConfiguration;
  return writeChart(prefix, chart, { width, height });
}

interface DrawnRow extends Histogram {
  readonly shares: readonly number[];
  readonly lines: readonly string[];
}

function bars(rows: readonly DrawnRow[], most: number): Plugin {
  const [blue, vermilion] = palette as [string, string];
  return {
    id: 'bars',
    afterDraw({ ctx, scales: { x, y }, chartArea, width }) {
      if (!x || !y) return;
      ctx.save();
      ctx.textBaseline = 'middle';
      rows.forEach(({ shares, lines, text, second }, row) => {
        const floor = y.getPixelForValue(row + 1) - 2;
        const colour = second ? vermilion : blue;
        const tallest = ROW - 10;
        shares.forEach((share, bin) => {
          if (share === 0) return;
          const [left, right] = [x.getPixelForValue(bin), x.getPixelForValue(bin + 1)];
          const tall = Math.max(0.75, (share / most) * tallest);
          ctx.fillStyle = tint(colour, second ? 0.25 : 1);
          ctx.fillRect(left + 0.5, floor - tall, right - left - 1, tall);
          if (!second) return;
          ctx.strokeStyle = colour;
          ctx.lineWidth = 1;
          ctx.strokeRect(left + 1, floor - tall, right - left - 2, tall);
        });
        ctx.strokeStyle = ink.faint;
        ctx.lineWidth = 0.75;
        ctx.beginPath();
        ctx.moveTo(chartArea.left, floor);
        ctx.lineTo(chartArea.right, floor);
        ctx.stroke();
        ctx.fillStyle = ink.strong;
        ctx.font = font(12);
        ctx.textAlign = 'right';
        const middle = floor - tallest / 2;
        lines.forEach((line, i) => {
          ctx.fillText(line, chartArea.left - 10, middle + (i - (lines.length - 1) / 2) * 13.5);
        });
        ctx.fillStyle = ink.text;
        ctx.font = font(11);
        ctx.fillText(text, width - 16, middle);
      });
      ctx.restore();
    },
  };
}
