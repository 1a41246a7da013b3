import { type Child, h } from './dom.js';

/** A column: its heading, what a row shows in it, and by what it is sorted. */
export interface Column<Row> {
  readonly key: string;
  readonly heading: string;
  /** For a listener, where the heading is short or none. */
  readonly label?: string;
  readonly cell: (row: Row) => Child | readonly Child[];
  /** Not given: the column cannot be sorted by. */
  readonly sort?: (row: Row) => number | string | null;
  readonly numeric?: boolean;
  readonly class?: string;
}

export interface Sorting {
  readonly key: string;
  readonly descending: boolean;
}

interface Shown<Row> {
  readonly row: Row;
  readonly element: HTMLTableRowElement;
}

// A screenful and some are there at once. Every addition costs, so the others come in a few lots; the page answers between.
const FIRST = 60;
const MORE = 300;

/**
 * A table that sorts by its headings. Of many new rows the first are drawn at once and the others soon after, so that all
 * of them can be found in the page. A row that did not change keeps its element, so that what has the focus keeps it
 * while a run goes on.
 */
export class Table<Row> {
  readonly element: HTMLElement;
  readonly #body = h('tbody');
  readonly #headings: HTMLTableCellElement[];
  #shown = new Map<string, Shown<Row>>();
  #rows: readonly Row[] = [];
  #filling: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param caption what the table holds, for a listener
   * @param keyOf tells rows apart
   * @param sorting by which column; null leaves the rows in their order
   * @param onSort is told of another one
   */
  constructor(
    private readonly columns: readonly Column<Row>[],
    private readonly keyOf: (row: Row) => string,
    caption: string,
    private sorting: Sorting | null = null,
    private readonly onSort: (sorting: Sorting) => void = () => {},
  ) {
    this.#headings = columns.map((column) => this.#heading(column));
    const table = h(
      'table',
      {},
      h('caption', { class: 'unseen' }, caption),
      h('thead', {}, h('tr', {}, ...this.#headings)),
      this.#body,
    );
    // A region that scrolls has to be reached by the keyboard, too.
    this.element = h('div', { class: 'scroll', role: 'region', 'aria-label': caption, tabindex: 0 }, table);
    this.#tellSorting();
  }

  show(rows: readonly Row[]): void {
    this.#rows = rows;
    const focus = this.#focused();
    clearTimeout(this.#filling);
    this.#fill(this.#sorted(), FIRST);
    if (focus) this.#focus(focus);
  }

  /** Puts rows into the body, up to so many that have to be made; then, a little later, further ones. */
  #fill(rows: readonly Row[], most: number): void {
    const shown = new Map<string, Shown<Row>>();
    let made = 0;
    for (const row of rows) {
      const key = this.keyOf(row);
      const known = this.#shown.get(key);
      if (known?.row !== row && ++made > most) break;
      shown.set(key, known?.row === row ? known : { row, element: this.#row(row, key) });
    }
    const before = [...this.#body.children];
    const now = [...shown.values()].map(({ element }) => element);
    if (before.every((element, i) => element === now[i])) this.#body.append(...now.slice(before.length));
    else this.#body.replaceChildren(...now);
    const whole = shown.size === rows.length;
    // Until all are there, the elements of rows further down are kept.
    this.#shown = whole ? shown : new Map([...this.#shown, ...shown]);
    if (!whole) this.#filling = setTimeout(() => this.element.isConnected && this.#fill(rows, MORE));
  }

  #sorted(): readonly Row[] {
    const { sorting } = this;
    const by = sorting && this.columns.find(({ key }) => key === sorting.key)?.sort;
    if (!by || !sorting) return this.#rows;
    const way = sorting.descending ? -1 : 1;
    const keyed = this.#rows.map((row) => ({ row, value: by(row) }));
    // What has no value stands at the end, whichever way is up.
    keyed.sort(({ value: a }, { value: b }) =>
      a === null || b === null ? Number(a === null) - Number(b === null) : way * compare(a, b),
    );
    return keyed.map(({ row }) => row);
  }

  #heading(column: Column<Row>): HTMLTableCellElement {
    const { key, heading, label, numeric, sort } = column;
    const name = h('span', { class: label === undefined ? null : 'unseen' }, label ?? heading);
    const content = label === undefined ? [heading] : [name, heading];
    const cell = h('th', { scope: 'col', class: classOf(column), 'data-key': key });
    if (sort) {
      const turn = (): void => {
        const descending = this.sorting?.key === key ? !this.sorting.descending : numeric === true;
        this.sorting = { key, descending };
        this.#tellSorting();
        this.onSort(this.sorting);
        this.show(this.#rows);
      };
      cell.append(h('button', { type: 'button', onclick: turn }, ...content));
    } else cell.append(...content);
    return cell;
  }

  #tellSorting(): void {
    for (const cell of this.#headings) {
      if (this.sorting?.key === cell.dataset.key) cell.ariaSort = this.sorting?.descending ? 'descending' : 'ascending';
      else cell.removeAttribute('aria-sort');
    }
  }

  #row(row: Row, key: string): HTMLTableRowElement {
    const cells = this.columns.map((column, i) => {
      const content = column.cell(row);
      const children = Array.isArray(content) ? (content as readonly Child[]) : [content as Child];
      // The first text names the row.
      const head = i === this.#namingColumn();
      return head
        ? h('th', { scope: 'row', class: classOf(column) }, ...children)
        : h('td', { class: classOf(column) }, ...children);
    });
    return h('tr', { 'data-row': key }, ...cells);
  }

  #namingColumn(): number {
    return this.columns.findIndex(({ sort, numeric }) => sort !== undefined && !numeric);
  }

  #focused(): { key: string; place: number } | null {
    const row = document.activeElement?.closest('tr');
    if (!row || !this.#body.contains(row)) return null;
    return { key: row.dataset.row ?? '', place: focusable(row).indexOf(document.activeElement as HTMLElement) };
  }

  #focus({ key, place }: { key: string; place: number }): void {
    const row = this.#shown.get(key)?.element;
    if (row && !row.contains(document.activeElement)) focusable(row)[place]?.focus();
  }
}

function focusable(row: HTMLElement): HTMLElement[] {
  return [...row.querySelectorAll<HTMLElement>('a, button, input, summary')];
}

function classOf<Row>({ numeric, class: own }: Column<Row>): string | null {
  return [numeric ? 'number' : '', own ?? ''].filter(Boolean).join(' ') || null;
}

const collator = new Intl.Collator('en', { numeric: true });

function compare(a: number | string, b: number | string): number {
  return typeof a === 'number' && typeof b === 'number' ? a - b : collator.compare(String(a), String(b));
}
