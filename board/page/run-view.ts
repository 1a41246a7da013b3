import type { ResultRow, RunDetail, RunRow } from '../protocol.js';
import { axisChoice, axisOf, CurvePictures } from './curves.js';
import { empty, h, notes } from './dom.js';
import { clock, fixed, grouped, moment, power, shortened } from './format.js';
import { server } from './server.js';
import { Table } from './table.js';
import { link, type View, type Visit } from './view.js';

/** One run: its curves as they grow, what it was measured at, its plan. */
export function runView({ store, query, note }: Visit): View {
  const id = query.get('id') ?? '';
  let axis = axisOf(query.get('axis'));
  const facts = h('div');
  const pictures = new CurvePictures();
  const said = h('div');
  const rest = h('div');
  let [asking, again] = [false, false];

  const drawCurves = async (): Promise<void> => {
    // While an answer is on its way, one more question waits at the most.
    if (asking) {
      again = true;
      return;
    }
    asking = true;
    try {
      const curves = await server.curves(id, axis);
      pictures.show([{ name: id, curves }]);
      said.replaceChildren(...[notes(curves.notes)].filter((part) => part !== null));
    } catch (error) {
      said.replaceChildren(empty((error as Error).message));
    }
    asking = false;
    if (again) {
      again = false;
      await drawCurves();
    }
  };
  const drawFacts = (): void => {
    const row = store.rows.get(id);
    facts.replaceChildren(row ? factsOf(row) : empty('This run is not in the folder, or not any more.'));
  };
  const drawRest = async (): Promise<void> => {
    try {
      rest.replaceChildren(...restOf(await server.run(id)));
    } catch (error) {
      rest.replaceChildren(empty((error as Error).message));
    }
  };

  drawFacts();
  void drawCurves();
  void drawRest();
  let scored = JSON.stringify(store.rows.get(id)?.scores);
  return {
    title: id,
    content: [
      h(
        'div',
        { class: 'head' },
        h('h1', {}, id),
        h('a', { class: 'button', href: link('compare', { a: id }) }, 'Compare with another'),
        h('a', { class: 'button', href: link('search', { a: id }) }, 'Search with it'),
      ),
      facts,
      axisChoice(axis, (chosen) => {
        axis = chosen;
        note({ axis: chosen === 'step' ? null : chosen });
        void drawCurves();
      }),
      said,
      pictures.element,
      rest,
    ],
    leave: store.listen((changed) => {
      if (!changed.has(id)) return;
      drawFacts();
      void drawCurves();
      const now = JSON.stringify(store.rows.get(id)?.scores);
      if (now !== scored) void drawRest();
      scored = now;
    }),
  };
}

function factsOf(row: RunRow): HTMLElement {
  const { state, step, total, loss, tokensPerSecond, seconds, base, sources, batch, rate, seed, hash, changed } = row;
  const facts: readonly (readonly [string, string | HTMLElement])[] = [
    ['state', h('span', { class: `state ${state}` }, state)],
    ['step', total === null ? grouped(step) : `${grouped(step)} of ${grouped(total)}`],
    ['loss', fixed(loss, 4)],
    ['tokens/s', grouped(tokensPerSecond)],
    ['time', clock(seconds)],
    ['base', base || '–'],
    ['data', sources || '–'],
    ['batch', grouped(batch)],
    ['rate', power(rate)],
    ['seed', String(seed ?? '–')],
    ['plan', hash || '–'],
    ['changed', moment(changed)],
  ];
  return h(
    'dl',
    { class: 'facts' },
    ...facts.map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))),
  );
}

function restOf({ row, plan, checkpoints, results, notes: lines }: RunDetail): HTMLElement[] {
  const parts = [
    notes([...row.notes, ...lines].filter((line, i, all) => all.indexOf(line) === i)),
    results.length > 0 ? h('section', {}, h('h2', {}, 'Results'), resultTable(results)) : null,
    checkpoints.length > 0
      ? h('section', {}, h('h2', {}, 'Checkpoints'), h('p', { class: 'list' }, checkpoints.join(', ')))
      : null,
    plan === ''
      ? null
      : h(
          'details',
          { class: 'plan' },
          h('summary', {}, 'Plan'),
          h('pre', { tabindex: 0, role: 'region', 'aria-label': 'plan.yaml' }, plan),
        ),
  ];
  return parts.filter((part) => part !== null);
}

function resultTable(results: readonly ResultRow[]): HTMLElement {
  const measures = [...new Set(results.flatMap(({ metrics }) => Object.keys(metrics)))];
  const table = new Table<ResultRow>(
    [
      {
        key: 'system',
        heading: 'system',
        cell: ({ system }) => h('span', { title: system }, shortened(system, 54)),
        sort: ({ system }) => system,
        class: 'name',
      },
      { key: 'set', heading: 'set', cell: ({ set, split }) => `${set} ${split}`, sort: ({ set }) => set },
      ...measures.map((measure) => ({
        key: measure,
        heading: measure,
        cell: ({ metrics }: ResultRow) => fixed(metrics[measure], 3),
        sort: ({ metrics }: ResultRow) => metrics[measure] ?? null,
        numeric: true,
      })),
      {
        key: 'queries',
        heading: 'queries',
        cell: ({ queries }) => grouped(queries),
        sort: ({ queries }) => queries,
        numeric: true,
      },
      {
        key: 'documents',
        heading: 'documents',
        cell: ({ documents }) => grouped(documents),
        sort: ({ documents }) => documents,
        numeric: true,
      },
      {
        key: 'seconds',
        heading: 'seconds',
        cell: ({ seconds }) => fixed(seconds, 1),
        sort: ({ seconds }) => seconds,
        numeric: true,
      },
    ],
    ({ system, set, split }) => `${set}\n${split}\n${system}`,
    'Results',
    { key: 'set', descending: false },
  );
  table.show(results);
  return table.element;
}
