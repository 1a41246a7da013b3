import type { ChartOptions, Plugin } from 'chart.js';

/** The colours of Okabe and Ito that read well on white; told apart by colour-blind eyes too. */
export const palette: readonly string[] = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#333333'];

export const ink = { strong: '#1f2328', text: '#57606a', faint: '#8c959f', grid: '#e8eaed' } as const;

export const family = '"IBM Plex Sans", "Helvetica Neue", Helvetica, Arial, "DejaVu Sans", sans-serif';

/** A canvas font: `font(11)`, `font(11, 600)`. */
export function font(size: number, weight = 400): string {
  return `${weight === 400 ? 'normal' : weight} ${size}px ${family}`;
}

/** `#0072b2` with an opacity. */
export function tint(colour: string, opacity: number): string {
  const [r, g, b] = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
  return `rgba(${r}, ${g}, ${b}, ${opacity})`;
}

export interface Headings {
  readonly title: string;
  /** One line that says what the data is. */
  readonly subtitle: string;
  readonly x: string;
  readonly y?: string;
}

/** The options all our pictures share: headings at the left, a thin grid, no frame, no legend (labels stand at the data). */
export function options({ title, subtitle, x, y }: Headings): ChartOptions {
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
        text: title,
        align: 'start',
        color: ink.strong,
        font: { family, size: 16, weight: 600 },
        padding: { bottom: 4 },
      },
      subtitle: {
        display: true,
        text: subtitle,
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
