import type { ChartConfiguration } from 'chart.js';
import chartjs from 'chartjs-node-canvas';
import { writeOutput } from '../output.js';
import { ground } from './look.js';
import { tidySvg } from './svg.js';
import { registerFonts } from './text.js';

/** A picture's size in CSS pixels; the PNG has twice as many each way, the PDF as many points. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** A picture on disk, in each format. */
export interface Picture {
  readonly png: string;
  readonly svg: string;
  readonly pdf: string;
}

const SCALE = 2;

/** Makes a chart's configuration; called once a format, since Chart.js writes into what it is given. */
export type Chart = () => ChartConfiguration;

/** Draws a chart into `<prefix>.png` (at twice its size, for sharp screens), `.svg` and `.pdf`, both of them vectors. */
export function writeChart(prefix: string, chart: Chart, size: Size): Picture {
  registerFonts();
  const draw = (type: 'svg' | 'pdf' | undefined, devicePixelRatio: number, mime: Mime): Buffer => {
    const configuration = chart();
    configuration.options = { ...configuration.options, devicePixelRatio };
    configuration.plugins = [ground, ...(configuration.plugins ?? [])];
    const canvas = new chartjs.ChartJSNodeCanvas({ ...size, ...(type && { type }) });
    return canvas.renderToBufferSync(configuration, mime);
  };
  const picture = { png: `${prefix}.png`, svg: `${prefix}.svg`, pdf: `${prefix}.pdf` };
  writeOutput(picture.png, draw(undefined, SCALE, 'image/png'));
  writeOutput(picture.svg, tidySvg(draw('svg', 1, 'image/svg+xml').toString('utf8')));
  writeOutput(picture.pdf, draw('pdf', 1, 'application/pdf'));
  return picture;
}

type Mime = 'image/png' | 'image/svg+xml' | 'application/pdf';
