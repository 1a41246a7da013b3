import { basename, resolve } from 'node:path';
import type { ChartConfiguration, ChartDataset, Plugin } from 'chart.js';
import { Fault } from '../plan/fault.js';
import { type Chart, type Size, writeChart } from './chart.js';
import { readEvents, type StepEvent } from './events.js';
import { font, options, palette, tint } from './look.js';
import { movingAverage, type Point, spanFor, thin } from './smooth.js';

/** A run as the picture needs it: a name, and its steps. */
interface Curve {
  readonly name: string;
  readonly events: readonly StepEvent[];
}

const SIZE: Size = { width: 760, height: 440 };

/** Draws the loss of one or more run folders into `<prefix>.png` and `<prefix>.svg`. */
export function writeLossCurve(prefix: string, runFolders: readonly string[]): { png: string; svg: string } {
  const names = runFolders.map((folder) => basename(resolve(folder)));
  const alike = new Set(names).size < names.length;
  const curves = runFolders.map((folder, at) => ({
    name: alike ? folder : (names[at] ?? folder),
    events: readEvents(folder),
  }));
  curves.forEach(({ events }, index) => {
    if (!events.some(({ loss }) => Number.isFinite(loss))) {
      throw new Fault(
        `Expected at least one step for ${runFolders[index]}, got none. Draw it when it has begun to train.`,
      );
    }
  });
  return writeChart(prefix, lossCurve(curves), SIZE);
}

/** A run's steps by source: losses of different sources do not compare, and one line through them is a zigzag. */
function bySource(run: Curve): Curve[] {
  const sources = [...new Set(run.events.map(({ source }) => source))];
  // Beyond a handful, lines hide each other.
  if (sources.length < 2 || sources.length > 5) return [run];
  return sources.map((source) => ({
    name: source ?? 'other',
    events: run.events.filter((event) => event.source === source),
  }));
}

/** The picture: each step's loss faint, its moving average strong, a colour and a name for each run (or source of one). */
function lossCurve(curves: readonly Curve[]): Chart {
  const [only] = curves;
  const lines = (curves.length === 1 && only ? bySource(only) : curves).map(({ name, events }, index) => {
    const losses = events.map(({ loss }) => loss);
    const smooth = movingAverage(losses, spanFor(losses.length));
    const points = (values: readonly number[]) =>
      events.map(({ step }, at) => ({ x: step, y: values[at] ?? Number.NaN }));
    return {
      name: short(name),
      colour: palette[index % palette.length] ?? '#333333',
      raw: points(losses),
      smooth: points(smooth),
    };
  });
  const single = lines.length === 1;
  const labels = single ? [] : lines.map(({ name, colour, smooth }) => ({ name, colour, end: lastFinite(smooth) }));
  const look = options({
    title: curves.length === 1 ? `Training loss of ${only?.name}` : 'Training loss',
    subtitle: subtitle(curves),
    x: 'Training step',
    y: 'Loss (InfoNCE, nats)',
  });
  const longest = Math.max(0, ...labels.map(({ name }) => name.length));
  const last = Math.max(...lines.flatMap(({ raw }) => raw.at(-1)?.x ?? 0));
  return () =>
    ({
      type: 'line',
      data: {
        datasets: [
          ...lines.map(({ raw, colour }) => line(thin(raw), tint(colour, single ? 0.28 : 0.16), 1)),
          ...lines.map(({ smooth, colour }) => line(thin(smooth), colour, 2)),
        ],
      },
      options: {
        ...look,
        layout: { padding: { top: 16, right: 24 + longest * 6.4, bottom: 10, left: 16 } },
        parsing: false,
        scales: {
          x: {
            ...look.scales?.x,
            type: 'linear',
            min: 0,
            max: last,
            ticks: { ...look.scales?.x?.ticks, precision: 0 },
            grid: { display: false },
            border: { display: true, color: '#c9ced4' },
          },
          y: { ...look.scales?.y, type: 'linear' },
        },
      } as ChartConfiguration['options'],
      plugins: [endLabels(labels)],
    }) as ChartConfiguration;
}

function line(data: Point[], borderColor: string, borderWidth: number): ChartDataset<'line'> {
  return {
    data,
    borderColor,
    borderWidth,
    pointRadius: data.length === 1 ? 3 : 0,
    borderJoinStyle: 'round',
    borderCapStyle: 'round',
  };
}

function subtitle(curves: readonly Curve[]): string {
  const [first] = curves;
  if (!first || curves.length > 1) return `${curves.length} runs. Faint: each step. Strong: moving average.`;
  const tokens = first.events.reduce((sum, event) => sum + event.tokens, 0);
  const sources = [...new Set(first.events.flatMap(({ source }) => source ?? []))].sort();
  const from = sources.length === 0 || sources.length > 4 ? '' : ` from ${sources.join(', ')}`;
  const steps = first.events.length;
  return `${amount(steps)} ${steps === 1 ? 'step' : 'steps'}, ${amount(tokens)} tokens${from}. Faint: each step. Strong: moving average.`;
}

/** `10.2 million`: large numbers in words. */
function amount(value: number): string {
  const [size, word] = value >= 1e9 ? [1e9, ' billion'] : value >= 1e6 ? [1e6, ' million'] : [1, ''];
  return `${(value / size).toLocaleString('en', { maximumFractionDigits: word ? 1 : 0 })}${word}`;
}

function lastFinite(points: readonly Point[]): Point | undefined {
  return points.findLast(({ y }) => Number.isFinite(y));
}

function short(name: string): string {
  return name.length <= 36 ? name : `${name.slice(0, 17)}…${name.slice(-18)}`;
}

/** Writes each run's name at the right of its curve, moved apart where curves end close together. */
function endLabels(labels: readonly { name: string; colour: string; end: Point | undefined }[]): Plugin {
  const HEIGHT = 15;
  return {
    id: 'end-labels',
    afterDatasetsDraw({ ctx, scales, chartArea }) {
      const { x, y } = scales;
      if (!x || !y) return;
      const placed = labels
        .flatMap(({ end, ...label }) => (end ? [{ ...label, top: y.getPixelForValue(end.y) }] : []))
        .sort((a, b) => a.top - b.top);
      // Down from the top, then up from the bottom: no two overlap and all stay beside the chart.
      let free = chartArea.top;
      for (const label of placed) {
        label.top = Math.max(label.top, free);
        free = label.top + HEIGHT;
      }
      free = chartArea.bottom;
      for (const label of placed.toReversed()) {
        label.top = Math.min(label.top, free);
        free = label.top - HEIGHT;
      }
      ctx.save();
      ctx.font = font(11, 600);
      ctx.textBaseline = 'middle';
      for (const { name, colour, top } of placed) {
        ctx.fillStyle = colour;
        ctx.fillText(name, chartArea.right + 8, top);
      }
      ctx.restore();
    },
  };
}
