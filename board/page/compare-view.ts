import type { ChangedQuery, Compared, ComparedMeasure, Difference, Systems } from '../protocol.js';
import { axisChoice, axisOf, CurvePictures } from './curves.js';
import { empty, h, labelled, notes, select } from './dom.js';
import { chance, counted, fixed, grouped, signed } from './format.js';
import { runPicker } from './pick.js';
import { server } from './server.js';
import { Table } from './table.js';
import { goTo, type View, type Visit } from './view.js';

const asked = ['a', 'b', 'system-a', 'system-b', 'set', 'measure'] as const;

/** Two runs side by side: their plans' differences, their curves, which is better, and on which queries. */
export function compareView({ store, query, note }: Visit): View {
  const [a, b] = [query.get('a') ?? '', query.get('b') ?? ''];
  const to = (changes: Readonly<Record<string, string | null>>): void =>
    goTo('compare', { ...Object.fromEntries(query), ...changes });
  const anew = { 'system-a': null, 'system-b': null, set: null, measure: null };
  const pickers = h(
    'div',
    { class: 'bar' },
    runPicker(store, a, 'A', (id) => to({ a: id, ...anew })),
    runPicker(store, b, 'B', (id) => to({ b: id, ...anew })),
    h('button', { type: 'button', disabled: a === '' || b === '', onclick: () => to({ a: b, b: a, ...anew }) }, 'Swap'),
  );
  const head = [h('h1', { class: 'unseen' }, 'Compare two runs'), pickers];
  if (a === '' || b === '')
    return {
      title: 'Compare',
      content: [
        ...head,
        empty('Name two runs, or choose two in the table of ', h('a', { href: '#/runs' }, 'runs'), '.'),
      ],
    };

  let axis = axisOf(query.get('axis'));
  const pictures = new CurvePictures();
  const holder = h('div', { 'aria-busy': true }, empty('comparing …'));
  const drawCurves = async (): Promise<void> => {
    const curves = await Promise.all([a, b].map((id) => server.curves(id, axis)));
    pictures.show(curves.map((one, i) => ({ name: i === 0 ? 'A' : 'B', curves: one })));
  };
  const draw = async (): Promise<void> => {
    try {
      const compared = await server.compare(Object.fromEntries(asked.map((key) => [key, query.get(key)])));
      holder.replaceChildren(...partsOf(compared, to));
    } catch (error) {
      holder.replaceChildren(empty((error as Error).message));
    }
    holder.removeAttribute('aria-busy');
  };
  void draw();
  void drawCurves().catch(() => {});
  return {
    title: `${a} and ${b}`,
    content: [
      ...head,
      holder,
      h(
        'section',
        {},
        h('h2', {}, 'Curves'),
        axisChoice(axis, (chosen) => {
          axis = chosen;
          note({ axis: chosen === 'step' ? null : chosen });
          void drawCurves();
        }),
        pictures.element,
      ),
    ],
    leave: store.listen((changed) => {
      if (changed.has(a) || changed.has(b)) void drawCurves().catch(() => {});
    }),
  };
}

type To = (changes: Readonly<Record<string, string | null>>) => void;

function partsOf(compared: Compared, to: To): HTMLElement[] {
  const { plan, systems, measures, changes, notes: lines } = compared;
  const [left, right] = systems;
  const parts = [
    notes(lines),
    h('section', {}, h('h2', {}, 'Plans'), plan.length > 0 ? planTable(plan) : empty('The two plans are the same.')),
    h(
      'section',
      {},
      h('h2', {}, 'Scores'),
      h(
        'div',
        { class: 'bar' },
        systemChoice('A is', left, (system) => to({ 'system-a': system })),
        systemChoice('B is', right, (system) => to({ 'system-b': system })),
      ),
      measures.length > 0
        ? measureTable(measures, changes, to)
        : empty('No set has results of both. ', h('code', {}, 'reasontune eval'), ' makes them.'),
    ),
    changes ? queries(changes) : null,
  ];
  return parts.filter((part) => part !== null);
}

function systemChoice(label: string, { names, taken }: Systems, change: (system: string) => void): HTMLElement | null {
  if (names.length === 0) return null;
  return labelled(
    label,
    select(
      names.map((name) => [name, name] as const),
      taken ?? '',
      change,
    ),
  );
}

function planTable(differences: readonly Difference[]): HTMLElement {
  const value = (text: string | null): HTMLElement =>
    text === null ? h('span', { class: 'quiet' }, 'not set') : h('code', {}, text);
  const table = new Table<Difference>(
    [
      { key: 'path', heading: 'key', cell: ({ path }) => h('code', {}, path), sort: ({ path }) => path, class: 'name' },
      { key: 'a', heading: 'A', cell: (one) => value(one.a), class: 'value' },
      { key: 'b', heading: 'B', cell: (one) => value(one.b), class: 'value' },
    ],
    ({ path }) => path,
    'Where the plans differ',
  );
  table.show(differences);
  return table.element;
}

function measureTable(measures: readonly ComparedMeasure[], shown: Compared['changes'], to: To): HTMLElement {
  const choose = ({ set, measure }: ComparedMeasure): HTMLElement => {
    const pressed = set === shown?.set && measure === shown.measure;
    return h(
      'button',
      {
        type: 'button',
        class: 'plain',
        'aria-pressed': String(pressed),
        'aria-label': `show the queries of ${set} by ${measure}`,
        onclick: () => to({ set, measure }),
      },
      measure,
    );
  };
  const table = new Table<ComparedMeasure>(
    [
      { key: 'set', heading: 'set', cell: ({ set }) => set, sort: ({ set }) => set, class: 'name' },
      { key: 'measure', heading: 'measure', cell: choose },
      { key: 'a', heading: 'A', cell: (one) => fixed(one.a, 3), sort: (one) => one.a, numeric: true },
      { key: 'b', heading: 'B', cell: (one) => fixed(one.b, 3), sort: (one) => one.b, numeric: true },
      {
        key: 'difference',
        heading: 'B − A',
        cell: ({ difference }) => h('b', { class: direction(difference) }, signed(difference)),
        sort: ({ difference }) => difference,
        numeric: true,
      },
      {
        key: 'interval',
        heading: '95 % interval',
        cell: ({ interval: [low, high] }) => `${signed(low)} to ${signed(high)}`,
        numeric: true,
      },
      { key: 'wins', heading: 'wins', cell: ({ wins }) => grouped(wins), sort: ({ wins }) => wins, numeric: true },
      { key: 'ties', heading: 'ties', cell: ({ ties }) => grouped(ties), sort: ({ ties }) => ties, numeric: true },
      {
        key: 'losses',
        heading: 'losses',
        cell: ({ losses }) => grouped(losses),
        sort: ({ losses }) => losses,
        numeric: true,
      },
      { key: 'p', heading: 'p', cell: ({ p }) => chance(p), sort: ({ p }) => p, numeric: true },
      { key: 'holm', heading: 'Holm', cell: ({ holm }) => chance(holm), sort: ({ holm }) => holm, numeric: true },
      {
        key: 'queries',
        heading: 'queries',
        cell: ({ queries: count }) => grouped(count),
        sort: ({ queries: count }) => count,
        numeric: true,
      },
    ],
    ({ set, measure }) => `${set}\n${measure}`,
    'Scores of both',
  );
  table.show(measures);
  const how =
    'Wins are B’s. p: paired randomisation test over queries, two-sided; Holm: corrected for the rows of this table. Choose a measure to see its queries below.';
  return h('div', {}, table.element, h('p', { class: 'quiet' }, how));
}

function direction(difference: number): string {
  return difference > 0 ? 'win' : difference < 0 ? 'loss' : '';
}

/** Every query that changed, with its text. */
function queries({ set, measure, queries: all }: NonNullable<Compared['changes']>): HTMLElement {
  const table = new Table<ChangedQuery>(
    [
      {
        key: 'difference',
        heading: 'B − A',
        cell: (one) => h('b', { class: direction(one.b - one.a) }, signed(one.b - one.a)),
        sort: (one) => one.b - one.a,
        numeric: true,
      },
      { key: 'a', heading: 'A', cell: (one) => fixed(one.a, 3), sort: (one) => one.a, numeric: true },
      { key: 'b', heading: 'B', cell: (one) => fixed(one.b, 3), sort: (one) => one.b, numeric: true },
      { key: 'query', heading: 'query', cell: ({ query }) => h('code', {}, query), sort: ({ query }) => query },
      { key: 'text', heading: 'text', cell: ({ text }) => textCell(text), class: 'text' },
    ],
    ({ query }) => query,
    `Queries that changed, ${set}, ${measure}`,
  );
  const count = h('output', { class: 'count' });
  const filter = h('input', { type: 'search', placeholder: 'words of the query', oninput: () => show() });
  const which = select(
    [
      ['', 'wins and losses'],
      ['wins', 'wins of B'],
      ['losses', 'losses of B'],
    ],
    '',
    () => show(),
  );
  const show = (): void => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    const rows = all.filter(
      ({ a, b, query, text }) =>
        (which.value === '' || b > a === (which.value === 'wins')) &&
        words.every((word) => `${query} ${text}`.toLowerCase().includes(word)),
    );
    table.show(rows);
    count.textContent = counted(rows.length, 'query').replace('querys', 'queries');
  };
  show();
  return h(
    'section',
    {},
    h('h2', {}, `Queries: ${set}, ${measure}`),
    h('div', { class: 'bar' }, labelled('Filter', filter), labelled('Show', which), count),
    table.element,
  );
}

const SHORT = 160;

/** A long text shows its beginning, and opens. */
function textCell(text: string | null): HTMLElement {
  if (text === null) return h('span', { class: 'quiet' }, 'its set is not here');
  if (text.length <= SHORT) return h('span', {}, text);
  return h('details', {}, h('summary', {}, `${text.slice(0, SHORT)}…`), h('p', {}, text));
}
