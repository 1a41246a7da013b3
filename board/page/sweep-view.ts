import type { Ablation, SweepEntry, SweptRun } from '../protocol.js';
import { empty, h, labelled, notes, select } from './dom.js';
import { fixed, grouped, moment } from './format.js';
import { server } from './server.js';
import { spreadChart } from './spread.js';
import { Table } from './table.js';
import { link, type View, type Visit } from './view.js';

/** The sweeps of the folder. */
export function sweepsView({ store }: Visit): View {
  const table = new Table<SweepEntry>(
    [
      {
        key: 'id',
        heading: 'sweep',
        cell: ({ id }) => h('a', { href: link('sweep', { id }) }, id),
        sort: ({ id }) => id,
        class: 'name',
      },
      { key: 'runs', heading: 'runs', cell: ({ runs }) => grouped(runs), sort: ({ runs }) => runs, numeric: true },
      { key: 'done', heading: 'done', cell: ({ done }) => grouped(done), sort: ({ done }) => done, numeric: true },
      {
        key: 'failed',
        heading: 'failed',
        cell: ({ failed }) => h('span', { class: failed ? 'loss' : null }, grouped(failed)),
        sort: ({ failed }) => failed,
        numeric: true,
      },
      {
        key: 'changed',
        heading: 'changed',
        cell: ({ changed }) => moment(changed),
        sort: ({ changed }) => changed,
        numeric: true,
      },
    ],
    ({ id }) => id,
    'Sweeps',
    { key: 'id', descending: false },
  );
  const holder = h('div');
  const show = (): void => {
    table.show(store.sweeps);
    holder.replaceChildren(
      store.sweeps.length > 0
        ? table.element
        : empty('No sweeps here yet. ', h('code', {}, 'reasontune sweep PLAN'), ' makes one.'),
    );
  };
  show();
  let before = store.sweeps;
  return {
    title: 'Ablations',
    content: [h('h1', {}, 'Ablations'), holder],
    leave: store.listen(() => {
      if (store.sweeps !== before) show();
      before = store.sweeps;
    }),
  };
}

/** One sweep: its table, a picture of each measure, its runs. */
export function sweepView({ store, query, note }: Visit): View {
  const id = query.get('id') ?? '';
  const holder = h('div');
  const draw = async (): Promise<void> => {
    try {
      const ablation = await server.sweep(id);
      holder.replaceChildren(...partsOf(ablation, query.get('measure'), (measure) => note({ measure })));
    } catch (error) {
      holder.replaceChildren(empty((error as Error).message));
    }
  };
  void draw();
  const changedAt = (): number | undefined => store.sweeps.find((sweep) => sweep.id === id)?.changed;
  let before = changedAt();
  return {
    title: id,
    content: [h('h1', {}, id === '.' ? 'This sweep' : id), holder],
    leave: store.listen((changed) => {
      const mine = before !== changedAt() || [...changed].some((run) => run.startsWith(`${id}/`) || id === '.');
      const busy = holder.contains(document.activeElement);
      if (!mine || busy) return;
      before = changedAt();
      void draw();
    }),
  };
}

function partsOf(
  { file, columns, rows, spreads, runs, notes: lines }: Ablation,
  chosen: string | null,
  note: (measure: string) => void,
): HTMLElement[] {
  const parts = [
    notes(lines),
    h(
      'section',
      {},
      h('h2', {}, 'Table'),
      rows.length > 0 ? cellTable(columns, rows) : empty('No run is scored yet.'),
      h(
        'p',
        { class: 'quiet' },
        file === null ? 'Made of the runs’ own scores: mean ± standard deviation over seeds.' : `From ${file}.`,
      ),
    ),
    spreads.length > 0 ? picture(spreads, chosen, note) : null,
    runs.length > 0 ? runList(runs) : null,
  ];
  return parts.filter((part) => part !== null);
}

/** The runs, counted by their states, each with what went wrong. */
function runList(runs: readonly SweptRun[]): HTMLElement {
  const states = [...new Set(runs.map(({ state }) => state))];
  const counts = states.map((one) => `${grouped(runs.filter(({ state }) => state === one).length)} ${one}`);
  const item = ({ name, id, state, reason, loss }: SweptRun): HTMLElement =>
    h(
      'li',
      {},
      id === null ? name : h('a', { href: link('run', { id }) }, name),
      ' ',
      h('span', { class: `state ${state}` }, state),
      loss !== null && h('span', { class: 'quiet' }, `, loss ${fixed(loss, 4)}`),
      reason !== null && h('p', { class: 'reason' }, reason),
    );
  return h(
    'section',
    {},
    h('h2', {}, 'Runs'),
    h('p', { class: 'quiet' }, `${counts.join(', ')}.`),
    h('ul', { class: 'runs' }, ...runs.map(item)),
  );
}

/**
 * A table whose columns are not known beforehand: those of numbers alone stand to the right, and sort as numbers; what names a
 * row stands first, where it stays in sight, and columns without a value are left out.
 */
function cellTable(columns: readonly string[], rows: readonly (readonly string[])[]): HTMLElement {
  const numbered = rows.map((cells, i) => ({ key: String(i), cells }));
  const numberIn = (cell: string | undefined): number | null => {
    const value = Number.parseFloat((cell ?? '').replace('−', '-'));
    return Number.isFinite(value) ? value : null;
  };
  const filled = columns.map((_, i) => i).filter((i) => rows.some((cells) => (cells[i] ?? '') !== ''));
  const named = Math.max(0, columns.indexOf('name'));
  const table = new Table<(typeof numbered)[number]>(
    [named, ...filled.filter((i) => i !== named)].map((i) => {
      const numeric =
        i !== named && rows.every((cells) => (cells[i] ?? '') === '' || /^[<+−-]?\s?[\d.]/.test(cells[i] ?? ''));
      return {
        key: String(i),
        heading: columns[i] ?? '',
        cell: ({ cells }) => fewerDigits(cells[i] ?? ''),
        sort: ({ cells }) => (numeric ? numberIn(cells[i]) : (cells[i] ?? '')),
        numeric,
        ...(i === named ? { class: 'name whole' } : {}),
      };
    }),
    ({ key }) => key,
    'Ablation',
  );
  table.show(numbered);
  return table.element;
}

/** A file's numbers have more digits than a table needs: four behind the point here, all of them under the mouse. */
function fewerDigits(cell: string): HTMLElement | string {
  if (!/^-?\d+\.\d{5,}$/.test(cell)) return cell;
  return h('span', { title: cell }, Number(cell).toFixed(4));
}

function picture(spreads: Ablation['spreads'], chosen: string | null, note: (measure: string) => void): HTMLElement {
  const holder = h('div', { class: 'plot' });
  let measure = spreads.some((one) => one.measure === chosen) ? (chosen as string) : (spreads[0]?.measure ?? '');
  const draw = (): void => {
    const spread = spreads.find((one) => one.measure === measure);
    const drawn =
      spread && spreadChart(spread.variants, measure, Math.max(320, Math.min(900, holder.clientWidth || 900)));
    holder.replaceChildren(...(drawn ? [drawn] : []));
  };
  new ResizeObserver(draw).observe(holder);
  const choice = select(
    spreads.map((one) => [one.measure, one.measure] as const),
    measure,
    (value) => {
      measure = value;
      note(value);
      draw();
    },
  );
  const how = 'Large: the mean over seeds, with a standard deviation each way. Small: single seeds.';
  return h(
    'section',
    {},
    h('h2', {}, 'Picture'),
    h('div', { class: 'bar' }, labelled('Measure', choice)),
    holder,
    h('p', { class: 'quiet' }, how),
  );
}
