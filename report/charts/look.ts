import type { ChartOptions, Plugin } from 'chart.js';
import { family, font, wrap } from './text.js';

/** The colours of Okabe and Ito that read well on white; told apart by colour-blind eyes too. */
export const palette: readonly string[] = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#333333'];

export const ink = { strong: '#1f2328', text: '#57606a', faint: '#8c959f', grid: '#e8eaed' } as const;

/** The dashes of lines, so that they are told apart without colour too. */
const dashes: readonly (readonly number[])[] = [[], [7, 3], [2, 2.5], [8, 3, 2, 3]];

const markers = ['circle', 'rect', 'triangle', 'rectRot'] as const;

/** How the i-th of several lines looks; 28 are all different, and neighbours differ in colour and in dashes. */
export function lineLook(i: number) {
  return {
    colour: palette[i % palette.length] as string,
    dash: [...(dashes[i % dashes.length] as number[])],
    marker: markers[i % markers.length] as (typeof markers)[number],
  };
}

/** `#0072b2` with an opacity. */
export function tint(colour: string, opacity: number): string {
  const [r, g, b] = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
  return `rgba(${r}, ${g}, ${b}, ${opacity})`;
}

export interface Headings {
  readonly title: string;
  /** What the data is, and what stands for what. */
  readonly subtitle: string;
  /** How wide the headings' lines may be: the picture without its padding. */
  readonly width: number;
  readonly x: string;
  readonly y?: string;
}

/** How much higher than with one line each the headings make a picture. */
export function headingRoom({ title, subtitle, width }: Headings): number {
  const lines = (text: string, textFont: string): number => wrap(text, textFont, width).length - 1;
  return 19 * lines(title, font(16, 600)) + 15 * lines(subtitle, font(12));
}

/** The options all our pictures share: headings at the left, a thin grid, no frame, no legend (labels stand at the data). */
export function options({ title, subtitle, x, y, width }: Headings): ChartOptions {
  const axis = (text: string | undefined) => ({
    title: {
      display: text !== undefined,
      text: text ?? '',
      color: ink.text,
      font: { family, size: 12 },
      padding: { top: 4, bottom: 4 },
    },
    grid: { color: ink.grid, lineWidth: 1, drawTicks: false },
    border: { display: false },
    ticks: { color: ink.text, font: { family, size: 11 }, padding: 8, maxRotation: 0, autoSkipPadding: 24 },
  });
  return {
    font: { family, size: 11 },
    layout: { padding: { top: 16, right: 24, bottom: 10, left: 16 } },
    plugins: {
      legend: { display: false },
      tooltip: { enabled: false },
      title: {
        display: true,
        text: wrap(title, font(16, 600), width),
        align: 'start',
        color: ink.strong,
        font: { family, size: 16, weight: 600 },
        padding: { bottom: 4 },
      },
      subtitle: {
        display: true,
        text: wrap(subtitle, font(12), width),
        align: 'start',
        color: ink.text,
        font: { family, size: 12 },
        padding: { bottom: 16 },
      },
    },
    scales: { x: axis(x), y: axis(y) },
  } as ChartOptions;
}

/**
 * What every picture's canvas needs. A white ground: without it the picture is transparent, and unreadable on a dark
 * page. No ligatures: Skia leaves them out of an SVG's text ("scifact" would read "scact").
 */
export const ground: Plugin = {
  id: 'ground',
  beforeUpdate({ ctx }) {
    (ctx as { fontVariantLigatures?: string }).fontVariantLigatures = 'none';
  },
  beforeDraw({ ctx, width, height }) {
    ctx.save();
    ctx.fillStyle = '#ffffff';
    ctx.fillRect(0, 0, width, height);
    ctx.restore();
  },
};
