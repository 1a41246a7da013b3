import type { RunRow } from '../protocol.js';
import { spark } from './chart.js';
import { empty, h, labelled, select } from './dom.js';
import { clock, counted, fixed, grouped, moment, power, shortened } from './format.js';
import { type Column, type Sorting, Table } from './table.js';
import { goTo, link, type View, type Visit } from './view.js';

// More rows take long to draw, and nobody reads them all.
const MOST_ROWS = 2000;

const states = ['running', 'done', 'stopped', 'ended', 'waiting', 'failed', 'halved'];

/** All runs in a table: to filter, to sort, to choose two of. */
export function runsView({ store, query, note }: Visit): View {
  const chosen: string[] = [];
  let measure = query.get('score') ?? '';
  const count = h('output', { class: 'count' });
  const compare = h('button', { type: 'button', class: 'main', disabled: true, onclick: () => go() }, 'Compare two');
  const go = (): void => goTo('compare', { a: chosen[0], b: chosen[1] });
  const filter = h('input', {
    type: 'search',
    value: query.get('filter') ?? '',
    placeholder: 'words of name, base, data, hash',
    oninput: () => show(),
  });
  const state = select([['', 'any'], ...states.map((one) => [one, one] as const)], query.get('state') ?? '', () =>
    show(),
  );
  const scoreHolder = h('span');
  const holder = h('div', { class: 'holder' });
  let measures = '';

  const choose = (id: string, box: HTMLInputElement): void => {
    if (box.checked) chosen.push(id);
    else chosen.splice(chosen.indexOf(id), 1);
    // A third takes the first one's place.
    if (chosen.length > 2) {
      const [first] = chosen.splice(0, 1);
      const old = [...holder.querySelectorAll<HTMLInputElement>('input')].find((one) => one.value === first);
      if (old) old.checked = false;
    }
    compare.disabled = chosen.length !== 2;
  };
  const sorting = (): Sorting => ({ key: query.get('sort') ?? 'changed', descending: query.get('order') !== 'up' });
  const newTable = (): Table<RunRow> => {
    const columns = columnsOf(measure, chosen, choose);
    const by = columns.some(({ key }) => key === sorting().key) ? sorting() : { key: 'changed', descending: true };
    return new Table(
      columns,
      ({ id }) => id,
      'Runs',
      by,
      ({ key, descending }) => note({ sort: key, order: descending ? null : 'up' }),
    );
  };
  let table: Table<RunRow>;

  const readMeasures = (): void => {
    const seen = new Map<string, number>();
    for (const { scores } of store.rows.values())
      for (const name of Object.keys(scores)) seen.set(name, (seen.get(name) ?? 0) + 1);
    const names = [...seen].sort(([, a], [, b]) => b - a).map(([name]) => name);
    if (table !== undefined && names.join('\n') === measures) return;
    measures = names.join('\n');
    if (!names.includes(measure)) measure = names[0] ?? '';
    const choice = select(
      names.map((name) => [name, name] as const),
      measure,
      (value) => {
        measure = value;
        note({ score: value });
        table = newTable();
        show();
      },
    );
    scoreHolder.replaceChildren(...(names.length > 0 ? [labelled('Score', choice)] : []));
    table = newTable();
  };

  const show = (): void => {
    readMeasures();
    note({ filter: filter.value, state: state.value });
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    const rows = [...store.rows.values()].filter((row) => {
      const text = `${row.id} ${row.base} ${row.sources} ${row.hash} seed${row.seed}`.toLowerCase();
      return (state.value === '' || row.state === state.value) && words.every((word) => text.includes(word));
    });
    table.show(rows.slice(0, MOST_ROWS));
    const all = store.rows.size;
    count.textContent = rows.length === all ? counted(all, 'run') : `${grouped(rows.length)} of ${counted(all, 'run')}`;
    if (rows.length > MOST_ROWS) count.textContent += `, the first ${grouped(MOST_ROWS)} shown: filter for the others`;
    const nothing =
      all === 0
        ? empty('No runs here yet. ', h('code', {}, 'reasontune train PLAN'), ' begins one, and it appears by itself.')
        : empty('No run has all of these words.');
    const wanted = rows.length === 0 ? nothing : table.element;
    if (rows.length === 0 || holder.firstChild !== wanted) holder.replaceChildren(wanted);
  };

  show();
  return {
    title: 'Runs',
    content: [
      h('h1', { class: 'unseen' }, 'Runs'),
      h(
        'div',
        { class: 'bar', role: 'search', 'aria-label': 'Runs' },
        labelled('Filter', filter),
        labelled('State', state),
        scoreHolder,
        compare,
        count,
      ),
      holder,
    ],
    leave: store.listen(() => show()),
  };
}

function columnsOf(
  measure: string,
  chosen: readonly string[],
  choose: (id: string, box: HTMLInputElement) => void,
): Column<RunRow>[] {
  const box = ({ id }: RunRow): HTMLElement => {
    const input = h('input', {
      type: 'checkbox',
      value: id,
      'aria-label': `choose ${id} to compare`,
      onchange: () => choose(id, input),
    });
    input.checked = chosen.includes(id);
    return input;
  };
  return [
    { key: 'choose', heading: '', label: 'choose', cell: box, class: 'box' },
    {
      key: 'run',
      heading: 'run',
      cell: ({ id, notes }) => [
        h('a', { href: link('run', { id }), title: id }, shortened(id, 54)),
        notes.length > 0 && h('abbr', { class: 'warn', title: notes.join('\n') }, ' !'),
      ],
      sort: ({ id }) => id,
      class: 'name',
    },
    {
      key: 'state',
      heading: 'state',
      cell: ({ state }) => h('span', { class: `state ${state}` }, state),
      sort: ({ state }) => state,
    },
    {
      key: 'step',
      heading: 'step',
      cell: ({ step, total }) =>
        total === null || step === null ? grouped(step) : `${grouped(step)} / ${grouped(total)}`,
      sort: ({ step }) => step,
      numeric: true,
    },
    { key: 'loss', heading: 'loss', cell: ({ loss }) => fixed(loss, 4), sort: ({ loss }) => loss, numeric: true },
    { key: 'spark', heading: '', label: 'loss so far', cell: ({ spark: values }) => spark(values), class: 'sparks' },
    ...(measure === ''
      ? []
      : [
          {
            key: 'score',
            heading: shortened(measure, 32),
            cell: ({ scores }: RunRow) => fixed(scores[measure], 3),
            sort: ({ scores }: RunRow) => scores[measure] ?? null,
            numeric: true,
          },
        ]),
    {
      key: 'speed',
      heading: 'tokens/s',
      cell: ({ tokensPerSecond }) => grouped(tokensPerSecond),
      sort: ({ tokensPerSecond }) => tokensPerSecond,
      numeric: true,
    },
    {
      key: 'time',
      heading: 'time',
      cell: ({ seconds }) => clock(seconds),
      sort: ({ seconds }) => seconds,
      numeric: true,
    },
    { key: 'rate', heading: 'rate', cell: ({ rate }) => power(rate), sort: ({ rate }) => rate, numeric: true },
    { key: 'batch', heading: 'batch', cell: ({ batch }) => grouped(batch), sort: ({ batch }) => batch, numeric: true },
    {
      key: 'seed',
      heading: 'seed',
      cell: ({ seed }) => (seed === null ? '–' : String(seed)),
      sort: ({ seed }) => seed,
      numeric: true,
    },
    { key: 'base', heading: 'base', cell: ({ base }) => base, sort: ({ base }) => base, class: 'cut' },
    {
      key: 'data',
      heading: 'data',
      cell: ({ sources }) => h('span', { title: sources }, sources),
      sort: ({ sources }) => sources,
      class: 'cut',
    },
    { key: 'hash', heading: 'plan', cell: ({ hash }) => h('code', {}, hash), sort: ({ hash }) => hash },
    {
      key: 'changed',
      heading: 'changed',
      cell: ({ changed }) => moment(changed),
      sort: ({ changed }) => changed,
      numeric: true,
    },
  ];
}
