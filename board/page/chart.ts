import { cutsInWords } from '../../report/charts/reach.js';
import { h, s } from './dom.js';
import { extent, ticks, tickTexts } from './scale.js';
import { cutsOfLines, placesOf, reachOfLines, triangle } from './spikes.js';

/** A line of a chart. Its `smooth` is drawn strong and its own points faint; without one the points are strong. */
export interface Line {
  readonly name: string;
  /** Which of the colours of page.css: 1 is the accent. */
  readonly colour: number;
  readonly x: readonly number[];
  readonly y: readonly (number | null)[];
  readonly smooth: readonly { readonly x: number; readonly y: number }[];
}

interface Look {
  readonly title: string;
  readonly height: number;
  /** A value under the crosshair. */
  readonly say: (value: number) => string;
  readonly sayX: (x: number) => string;
  /** Name a line that is alone, too: the title does not say what it is of. */
  readonly named?: boolean;
}

interface Frame {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
  readonly toX: (x: number) => number;
  readonly toY: (y: number) => number;
}

/** A chart of lines as wide as its place, with a crosshair for the mouse and for the arrow keys. */
export class Chart {
  readonly element: HTMLElement;
  readonly #plot: HTMLElement;
  readonly #readout = h('output', { class: 'readout' });
  #lines: readonly Line[] = [];
  #look: Look;
  #frame: Frame | null = null;
  #cross: SVGGElement | null = null;
  #place = -1;

  constructor(look: Look) {
    this.#look = look;
    this.#plot = h('div', {
      class: 'plot',
      role: 'group',
      tabindex: 0,
      onpointermove: (event) => this.#point((event as PointerEvent).offsetX),
      onpointerleave: () => this.#leave(),
      onblur: () => this.#leave(),
      onkeydown: (event) => this.#key(event as KeyboardEvent),
    });
    this.element = h(
      'figure',
      { class: 'chart' },
      h('figcaption', {}, h('h2', {}, look.title), this.#readout),
      this.#plot,
    );
    new ResizeObserver(() => this.#draw()).observe(this.#plot);
  }

  show(lines: readonly Line[], sayX = this.#look.sayX): void {
    this.#look = { ...this.#look, sayX };
    this.#lines = lines;
    this.#draw();
  }

  #draw(): void {
    const { height, title } = this.#look;
    const width = this.#plot.clientWidth;
    if (width < 60) return;
    const xs = extent(
      this.#lines.flatMap(({ x }) => [x[0] ?? null, x.at(-1) ?? null]),
      0,
    );
    const ys = reachOfLines(this.#lines);
    if (!xs || !ys) {
      this.#frame = null;
      this.#plot.setAttribute('aria-label', this.#inWords(''));
      this.#plot.replaceChildren(h('p', { class: 'empty' }, 'nothing to draw yet'));
      return;
    }
    const yTicks = ticks(...ys, Math.max(2, height / 45));
    const yTexts = tickTexts(yTicks);
    const left = 14 + 6.6 * Math.max(...yTexts.map((text) => text.length));
    const xTicks = ticks(...xs, Math.max(2, (width - left) / 90));
    const xTexts = tickTexts(xTicks);
    const cuts = cutsOfLines(this.#lines, ys, (xs[1] - xs[0]) / 50);
    const spikes = cutsInWords(cuts);
    const [top, right, bottom] = [12, width - 14, height - 22];
    const span = xs[1] - xs[0] || 1;
    const toX = (x: number): number => left + ((x - xs[0]) / span) * (right - left);
    const toY = (y: number): number => bottom - ((y - ys[0]) / (ys[1] - ys[0])) * (bottom - top);
    this.#frame = { left, top, right, bottom, toX, toY };
    this.#cross = s('g', { class: 'cross' });
    const marks = [
      ...yTicks.flatMap((value, i) => [
        s('line', { class: 'grid', x1: left, x2: right, y1: toY(value), y2: toY(value) }),
        s('text', { x: left - 6, y: toY(value) + 4, 'text-anchor': 'end' }, yTexts[i]),
      ]),
      ...xTicks.map((value, i) => s('text', { x: toX(value), y: bottom + 16, 'text-anchor': 'middle' }, xTexts[i])),
      s('line', { class: 'axis', x1: left, x2: right, y1: bottom, y2: bottom }),
    ];
    const [x, y, w, tall] = [left - 2, top - 2, right - left + 4, bottom - top + 4];
    this.#plot.setAttribute('aria-label', this.#inWords(spikes));
    this.#plot.replaceChildren(
      s(
        'svg',
        { width, height, viewBox: `0 0 ${width} ${height}`, 'aria-hidden': true, 'data-title': title },
        ...marks,
        // An SVG in it cuts off what lies outside.
        s(
          'svg',
          { x, y, width: w, height: tall, viewBox: `${x} ${y} ${w} ${tall}` },
          ...this.#lines.flatMap((line) => this.#paths(line)),
        ),
        ...cuts.map((cut) => triangle(toX(cut.x), cut.above ? top - 1 : bottom + 1, cut)),
        this.#cross,
      ),
      ...(spikes === '' ? [] : [h('p', { class: 'quiet spikes' }, spikes)]),
      ...(this.#isNamed() ? [legend(this.#lines)] : []),
    );
    if (this.#place >= 0) this.#say();
  }

  #paths(line: Line): SVGElement[] {
    const { toX, toY } = this.#frame as Frame;
    const { colour } = line;
    const { own, average } = placesOf(line);
    const path = (points: readonly { x: number; y: number | null }[], strength: string): SVGElement => {
      if (points.length === 1) {
        const [{ x: at, y: value }] = points as [{ x: number; y: number | null }];
        return s('circle', { class: `dot c${colour}`, cx: toX(at), cy: toY(value ?? 0), r: 3 });
      }
      let [text, pen] = ['', 'M'];
      for (const point of points) {
        if (point.y === null) pen = 'M';
        else {
          text += `${pen}${toX(point.x).toFixed(1)},${toY(point.y).toFixed(1)}`;
          pen = 'L';
        }
      }
      return s('path', { class: `${strength} c${colour}`, d: text });
    };
    return average.length === 0 ? [path(own, 'strong')] : [path(own, 'faint'), path(average, 'strong')];
  }

  #isNamed(): boolean {
    return this.#lines.length > 1 || this.#look.named === true;
  }

  /** What a listener hears of the picture: where each line begins and ends. */
  #inWords(spikes: string): string {
    const { title, say } = this.#look;
    const parts = this.#lines.map(({ name, y }) => {
      const [first, last] = [y.find((value) => value !== null), y.findLast((value) => value !== null)];
      return typeof first === 'number' && typeof last === 'number'
        ? `${name} from ${say(first)} to ${say(last)}`
        : `${name} without values`;
    });
    return `${title}: ${parts.join('; ') || 'nothing yet'}.${spikes && ` ${spikes}`} Left and right move along it.`;
  }

  #xs(): readonly number[] {
    return this.#lines.reduce<readonly number[]>((most, { x }) => (x.length > most.length ? x : most), []);
  }

  #point(offset: number): void {
    if (!this.#frame) return;
    const { toX } = this.#frame;
    const xs = this.#xs();
    this.#place = nearest(xs, (x) => toX(x) - offset);
    this.#say();
  }

  #key(event: KeyboardEvent): void {
    const xs = this.#xs();
    const step = Math.max(1, Math.round(xs.length / (event.shiftKey ? 10 : 60)));
    const places: Readonly<Record<string, number>> = {
      ArrowRight: this.#place + step,
      ArrowLeft: this.#place < 0 ? xs.length - 1 : this.#place - step,
      Home: 0,
      End: xs.length - 1,
    };
    const place = places[event.key];
    if (place === undefined || xs.length === 0) return;
    event.preventDefault();
    this.#place = Math.min(xs.length - 1, Math.max(0, place));
    this.#say();
  }

  #say(): void {
    const x = this.#xs()[this.#place];
    if (!this.#frame || !this.#cross || x === undefined) return;
    const { toX, toY, top, bottom } = this.#frame;
    const { say, sayX } = this.#look;
    const values = this.#lines.flatMap((line) => {
      const { own, average } = placesOf(line);
      const points = average.length === 0 ? own : average;
      const point =
        points[
          nearest(
            points.map((one) => one.x),
            (at) => at - x,
          )
        ];
      return point && point.y !== null ? [{ line, x: point.x, y: point.y }] : [];
    });
    const named = this.#isNamed();
    this.#readout.replaceChildren(
      h('span', {}, sayX(x)),
      ...values.map(({ line, y }) =>
        h('span', { class: `t${line.colour}` }, `${named ? `${line.name} ` : ''}${say(y)}`),
      ),
    );
    this.#cross.replaceChildren(
      s('line', { x1: toX(x), x2: toX(x), y1: top, y2: bottom }),
      ...values.map(({ line, x: at, y }) =>
        s('circle', { class: `dot c${line.colour}`, cx: toX(at), cy: Math.min(bottom, Math.max(top, toY(y))), r: 3.5 }),
      ),
    );
  }

  #leave(): void {
    this.#place = -1;
    this.#readout.replaceChildren();
    this.#cross?.replaceChildren();
  }
}

function legend(lines: readonly Line[]): HTMLElement {
  const key = ({ name, colour }: Line): HTMLElement =>
    h(
      'li',
      {},
      s(
        'svg',
        { width: 18, height: 8, 'aria-hidden': true },
        s('path', { class: `strong c${colour}`, d: 'M0,4L18,4' }),
      ),
      name,
    );
  return h('ul', { class: 'legend' }, ...lines.map(key));
}

/** The place of the value that is nearest, by a distance that rises with it; −1 of none. */
function nearest(values: readonly number[], distance: (value: number) => number): number {
  let [low, high] = [0, values.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    const [here, next] = [distance(values[middle] as number), distance(values[middle + 1] as number)];
    if (Math.abs(next) <= Math.abs(here)) low = middle + 1;
    else high = middle;
  }
  return low < values.length ? low : -1;
}

/** A run's losses in a corner of the table: a picture to glance at. */
export function spark(values: readonly (number | null)[]): SVGElement | null {
  const range = extent(values, 0);
  if (!range || values.length < 2) return null;
  const [width, height] = [72, 16];
  const [low, high] = range;
  const points = values.flatMap((value, i) => {
    if (value === null) return [];
    const x = (i / (values.length - 1)) * (width - 2) + 1;
    const y = height - 2 - ((value - low) / (high - low || 1)) * (height - 4);
    return [`${x.toFixed(1)},${y.toFixed(1)}`];
  });
  return s('svg', { class: 'spark', width, height, 'aria-hidden': true }, s('polyline', { points: points.join(' ') }));
}
