import type { Axis, Curves, Measured } from '../protocol.js';
import { Chart, type Line } from './chart.js';
import { h } from './dom.js';
import { clock, fixed, grouped, power } from './format.js';

const axes: Readonly<Record<Axis, { readonly text: string; readonly say: (x: number) => string }>> = {
  step: { text: 'step', say: (x) => `step ${grouped(x)}` },
  tokens: { text: 'tokens', say: (x) => `${grouped(x)} tokens` },
  seconds: { text: 'time', say: (x) => clock(x) },
};

const charts: readonly (readonly [Measured, string, (value: number) => string])[] = [
  ['lr', 'Learning rate', (value) => power(Number(value.toPrecision(3)))],
  ['grad_norm', 'Gradient norm', (value) => fixed(value, 3)],
  ['tokens_per_s', 'Tokens per second', grouped],
  ['memory_mb', 'Memory, MB', grouped],
];

/** A run's curves under one another, or those of two runs in the same pictures. */
export class CurvePictures {
  readonly element: HTMLElement;
  readonly #loss = new Chart({ title: 'Loss', height: 260, say: (value) => fixed(value, 4), sayX: axes.step.say });
  readonly #evals = new Chart({
    title: 'Scores over training',
    height: 200,
    say: (value) => fixed(value, 3),
    sayX: axes.step.say,
    named: true,
  });
  readonly #others = charts.map(([key, title, say]) => ({
    key,
    chart: new Chart({ title, height: 140, say, sayX: axes.step.say }),
  }));

  constructor() {
    this.#evals.element.hidden = true;
    this.element = h(
      'div',
      { class: 'curves' },
      this.#loss.element,
      this.#evals.element,
      ...this.#others.map(({ chart }) => chart.element),
    );
  }

  /** @param runs one or two, each with a name where there are two */
  show(runs: readonly { readonly name: string; readonly curves: Curves }[]): void {
    const sayX = axes[runs[0]?.curves.axis ?? 'step'].say;
    const single = runs.length === 1;
    const linesOf = (pick: (curves: Curves) => readonly Omit<Line, 'colour'>[]): Line[] =>
      runs
        .flatMap(({ name, curves }) =>
          pick(curves).map((series) => ({
            ...series,
            name: [single ? '' : name, series.name].filter(Boolean).join(' · ') || 'loss',
          })),
        )
        .map((line, i) => ({ ...line, colour: (i % 6) + 1 }));
    this.#loss.show(
      linesOf(({ measured }) => measured.loss),
      sayX,
    );
    const scores = linesOf(({ evals }) => evals);
    this.#evals.element.hidden = scores.length === 0;
    this.#evals.show(scores, sayX);
    for (const { key, chart } of this.#others) {
      const lines = linesOf(({ measured }) => measured[key]);
      chart.element.hidden = lines.length === 0;
      chart.show(
        lines.map((line) => ({ ...line, name: line.name === 'loss' ? key : line.name })),
        sayX,
      );
    }
  }
}

/** What curves are drawn against: radio buttons. */
export function axisChoice(chosen: Axis, change: (axis: Axis) => void): HTMLElement {
  const one = (axis: Axis): HTMLElement =>
    h(
      'label',
      {},
      h('input', { type: 'radio', name: 'axis', value: axis, checked: axis === chosen, onchange: () => change(axis) }),
      axes[axis].text,
    );
  return h(
    'fieldset',
    { class: 'axis' },
    h('legend', {}, 'against'),
    ...(['step', 'tokens', 'seconds'] as const).map(one),
  );
}

export function axisOf(text: string | null): Axis {
  return text === 'tokens' || text === 'seconds' ? text : 'step';
}
