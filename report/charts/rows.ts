import type { ChartConfiguration, Plugin } from 'chart.js';
import { type Picture, writeChart } from './chart.js';
import { headingRoom, ink, options, palette, tint } from './look.js';
import { nameLines } from './names.js';
import { type Reference, referenceLines, referenceRoom } from './references.js';
import { font, textWidth } from './text.js';

/** Something with a value, an interval about it, and what else is to be seen of it. */
export interface Row {
  readonly name: string;
  /** The value, null for a heading over the rows that follow. */
  readonly value: number | null;
  /** A hollow point says: not significant, or of another kind, as the subtitle explains. */
  readonly hollow?: boolean;
  /** Drawn as a line with caps. */
  readonly interval?: readonly [number, number] | null;
  /** Drawn thick: within the interval. */
  readonly inner?: readonly [number, number] | null;
  /** Small points below. */
  readonly small?: readonly number[];
  /** A second value, a diamond joined with the first. */
  readonly other?: number | null;
  /** At the right: the numbers. */
  readonly text: string;
}

export interface Rows {
  readonly title: string;
  readonly subtitle: string;
  /** What the values are: the axis's heading. */
  readonly measure: string;
  readonly rows: readonly Row[];
  readonly references: readonly Reference[];
}

const CHART = 430;
const NAME = 250;
const [blue, vermilion] = palette as [string, string];

/**
 * Draws values and their intervals, a row each, its name at the left and its numbers at the right. The axis need not
 * begin at zero, which is why these are points and no filled bars.
 */
export function writeRows(prefix: string, given: Rows): Picture {
  const { rows, references, measure } = given;
  const names = linesOf(rows);
  const nameWidth = Math.max(
    ...names
      .filter((_, i) => rows[i]?.value !== null)
      .flat()
      .map((line) => textWidth(line, font(12))),
    40,
  );
  const textRoom = Math.max(...rows.map(({ text }) => textWidth(text, font(12))), 0) + 32;
  const width = Math.round(Math.max(700, CHART + nameWidth + textRoom + 40));
  const headings = { title: given.title, subtitle: given.subtitle, x: measure, width: width - textRoom - 16 };
  const look = options(headings);
  const tall = names.some((lines) => lines.length > 1) || rows.some(({ small }) => small?.length) ? 34 : 26;
  const top = referenceRoom(references);
  const height = Math.round(122 + rows.length * tall + top + headingRoom(headings));
  const [low, high] = reach(rows, references);
  const points = (of: (row: Row) => number | null | undefined | false) =>
    rows.flatMap((row, y) => {
      const x = of(row);
      return typeof x === 'number' ? [{ x, y }] : [];
    });
  const chart = (): ChartConfiguration =>
    ({
      type: 'scatter',
      data: {
        datasets: [
          {
            data: points(({ value, hollow }) => !hollow && value),
            ...{ pointRadius: 5.5, backgroundColor: blue, borderColor: '#ffffff', borderWidth: 1.5 },
          },
          {
            data: points(({ value, hollow }) => hollow && value),
            ...{ pointRadius: 5, backgroundColor: '#ffffff', borderColor: blue, borderWidth: 1.75 },
          },
          {
            data: rows.flatMap(({ small = [] }, y) => small.map((x) => ({ x, y: y + 0.28 }))),
            ...{ pointRadius: 2.5, backgroundColor: tint(blue, 0.5), borderWidth: 0 },
          },
          {
            data: points(({ other }) => other),
            ...{
              pointStyle: 'rectRot',
              pointRadius: 7.5,
              borderColor: vermilion,
              backgroundColor: '#ffffff',
              borderWidth: 1.75,
            },
          },
        ],
      },
      options: {
        ...look,
        clip: false,
        layout: { padding: { top: 16, right: textRoom, bottom: 10, left: 16 } },
        scales: {
          x: {
            ...look.scales?.x,
            type: 'linear',
            min: low,
            max: high,
            ticks: { ...look.scales?.x?.ticks, includeBounds: false },
          },
          y: {
            ...look.scales?.y,
            ...{
              type: 'linear',
              reverse: true,
              min: -0.6 - top / tall,
              max: rows.length - 0.4,
              grid: { display: false },
            },
            afterBuildTicks: (axis: { ticks: { value: number }[] }) => {
              axis.ticks = rows.map((_, y) => ({ value: y }));
            },
            afterFit: (axis: { width: number }) => {
              axis.width = nameWidth + 14;
            },
            ticks: { display: false },
          },
        },
      } as unknown as ChartConfiguration['options'],
      plugins: [referenceLines(references), intervals(rows), words(rows, names)],
    }) as ChartConfiguration;
  return writeChart(prefix, chart, { width, height });
}

/** Each row's name in one line or two; a heading has all the width that it needs. */
function linesOf(rows: readonly Row[]): string[][] {
  const named = rows.filter(({ value }) => value !== null);
  const lines = nameLines(
    named.map(({ name }) => name),
    NAME,
    2,
  );
  return rows.map((row) => (row.value === null ? [row.name] : (lines[named.indexOf(row)] as string[])));
}

function reach(rows: readonly Row[], references: readonly Reference[]): [number, number] {
  const values = [
    ...rows.flatMap(({ value, other, interval, inner, small }) => [
      value,
      other,
      ...(interval ?? []),
      ...(inner ?? []),
      ...(small ?? []),
    ]),
    ...references.map(({ value }) => value),
  ].filter((value): value is number => typeof value === 'number' && Number.isFinite(value));
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const room = (high - low || Math.abs(high) || 1) * 0.06;
  return [low - room, high + room];
}

/** The line of an interval with its caps, the thick line within, and what joins two values. */
function intervals(rows: readonly Row[]): Plugin {
  return {
    id: 'intervals',
    beforeDatasetsDraw({ ctx, scales: { x, y } }) {
      if (!x || !y) return;
      ctx.save();
      const line = (ends: readonly [number, number], row: number, width: number, caps: number): void => {
        const [left, right] = ends.map((end) => x.getPixelForValue(end)) as [number, number];
        const level = y.getPixelForValue(row);
        ctx.lineWidth = width;
        ctx.beginPath();
        ctx.moveTo(left, level);
        ctx.lineTo(right, level);
        for (const end of caps > 0 ? [left, right] : []) {
          ctx.moveTo(end, level - caps);
          ctx.lineTo(end, level + caps);
        }
        ctx.stroke();
      };
      rows.forEach(({ interval, inner, value, other }, row) => {
        ctx.strokeStyle = blue;
        if (interval) line(interval, row, 1.6, 4);
        if (inner) line(inner, row, 4, 0);
        ctx.strokeStyle = ink.faint;
        if (typeof value === 'number' && typeof other === 'number') line([value, other], row, 1.25, 0);
      });
      ctx.restore();
    },
  };
}

/** Names at the left and numbers at the right. */
function words(rows: readonly Row[], names: readonly (readonly string[])[]): Plugin {
  const LINE = 14;
  return {
    id: 'words',
    beforeDatasetsDraw({ ctx, scales: { y }, chartArea, width }) {
      if (!y) return;
      ctx.save();
      ctx.textBaseline = 'middle';
      rows.forEach(({ value, text }, row) => {
        const level = y.getPixelForValue(row);
        const lines = names[row] ?? [];
        ctx.font = font(12, value === null ? 600 : 400);
        // A long heading lies on the grid and the dashed lines: these are broken for it.
        ctx.fillStyle = '#ffffff';
        if (value === null) ctx.fillRect(18, level - LINE / 2, ctx.measureText(lines[0] ?? '').width + 4, LINE);
        ctx.fillStyle = ink.strong;
        ctx.textAlign = value === null ? 'left' : 'right';
        lines.forEach((line, i) => {
          const at = level + (i - (lines.length - 1) / 2) * LINE;
          ctx.fillText(line, value === null ? 20 : chartArea.left - 10, at);
        });
        ctx.font = font(12);
        ctx.textAlign = 'right';
        ctx.fillText(text, width - 16, level);
      });
      ctx.restore();
    },
  };
}
