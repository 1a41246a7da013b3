import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { GlobalFonts } from '@napi-rs/canvas';
import type { ChartConfiguration } from 'chart.js';
import chartjs from 'chartjs-node-canvas';
import { Fault, reasonOf } from '../plan/fault.js';
import { ground } from './look.js';
import { tidySvg } from './svg.js';

/** A picture's size in CSS pixels; the PNG has twice as many each way. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

interface Picture {
  readonly png: Buffer;
  readonly svg: string;
}

const SCALE = 2;

/** Makes a chart's configuration; called once a format, since Chart.js writes into what it is given. */
export type Chart = () => ChartConfiguration;

/** Draws a chart as PNG (at twice its size, for print and sharp screens) and as SVG. */
function renderChart(chart: Chart, size: Size): Picture {
  registerFonts();
  const draw = (type: 'svg' | undefined, devicePixelRatio: number, mime: 'image/png' | 'image/svg+xml') => {
    const configuration = chart();
    configuration.options = { ...configuration.options, devicePixelRatio };
    configuration.plugins = [ground, ...(configuration.plugins ?? [])];
    const canvas = new chartjs.ChartJSNodeCanvas({ ...size, ...(type && { type }) });
    return canvas.renderToBufferSync(configuration, mime);
  };
  return {
    png: draw(undefined, SCALE, 'image/png'),
    svg: tidySvg(draw('svg', 1, 'image/svg+xml').toString('utf8')),
  };
}

/** Draws a chart into `<prefix>.png` and `<prefix>.svg` and says where they are. */
export function writeChart(prefix: string, chart: Chart, size: Size): { png: string; svg: string } {
  const picture = renderChart(chart, size);
  const paths = { png: `${prefix}.png`, svg: `${prefix}.svg` };
  try {
    mkdirSync(dirname(prefix), { recursive: true });
    writeWhole(paths.png, picture.png);
    writeWhole(paths.svg, picture.svg);
  } catch (error) {
    throw new Fault(`Expected a writable place for ${prefix}.png, got ${reasonOf(error)}. Name another one.`);
  }
  return paths;
}

/** A file that is there is whole: it is written under another name first. */
function writeWhole(path: string, content: Buffer | string): void {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    writeFileSync(temporary, content);
    renameSync(temporary, path);
  } finally {
    rmSync(temporary, { force: true });
  }
}

let registered = false;

/** Registers IBM Plex Sans, so that labels are readable, and alike, on machines without fonts of their own. */
function registerFonts(): void {
  if (registered) return;
  registered = true;
  const { resolve } = createRequire(import.meta.url);
  for (const weight of [400, 600]) {
    try {
      GlobalFonts.registerFromPath(
        resolve(`@fontsource/ibm-plex-sans/files/ibm-plex-sans-latin-${weight}-normal.woff2`),
        'IBM Plex Sans',
      );
    } catch {
      // Without the package, the machine's own sans-serif is used.
    }
  }
}
