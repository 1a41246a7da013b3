/** A mean over seeds (or topics), its sample standard deviation (n − 1; NaN for a single value) and their number. */
export interface MeanStd {
  readonly mean: number;
  readonly std: number;
  readonly n: number;
}

export function meanStd(values: readonly number[]): MeanStd {
  const n = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, std: n < 2 ? Number.NaN : Math.sqrt(squares / (n - 1)), n };
}

export interface Column {
  readonly heading: string;
  /** Digits after the point, 3 where not given. */
  readonly digits?: number;
  /** Which value is set in bold in Markdown. */
  readonly best?: 'highest' | 'lowest';
}

/** What a table holds: text, a number, a mean ± deviation, or nothing. */
export type Cell = string | number | MeanStd | undefined;

/** A number or a mean as a table shows it: `0.342`, `0.342 ± 0.006`. */
export function shown(cell: Cell, digits = 3): string {
  if (cell === undefined) return '';
  if (typeof cell === 'string') return cell;
  if (typeof cell === 'number') return Number.isFinite(cell) ? cell.toFixed(digits) : '–';
  const mean = shown(cell.mean, digits);
  return Number.isFinite(cell.std) ? `${mean} ± ${cell.std.toFixed(digits)}` : mean;
}

/** A table for a terminal: text to the left, numbers to the right, a rule under the headings, no colour. */
export function plainTable(columns: readonly Column[], rows: readonly (readonly Cell[])[]): string {
  const cells = texts(columns, rows);
  const right = numeric(columns, rows);
  const widths = columns.map(({ heading }, at) =>
    Math.max(length(heading), ...cells.map((row) => length(row[at] ?? ''))),
  );
  const line = (row: readonly string[]) =>
    row
      .map((cell, at) => pad(cell, widths[at] ?? 0, right[at] ?? false))
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '─'.repeat(width)).join('  ');
  return [line(columns.map(({ heading }) => heading)), rule, ...cells.map(line)].join('\n');
}

/** The same table in Markdown; the best value of a column that says which is best stands in bold. */
export function markdownTable(columns: readonly Column[], rows: readonly (readonly Cell[])[]): string {
  const escaped = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
  const plain = texts(columns, rows);
  const bests = columns.map((column, at) =>
    best(
      column,
      rows.map((row) => row[at]),
    ),
  );
  const cells = plain.map((row, r) =>
    row.map((text, at) => {
      const value = numberOf(rows[r]?.[at]);
      const bold = value !== undefined && value.toFixed(columns[at]?.digits ?? 3) === bests[at];
      return bold ? `**${escaped(text)}**` : escaped(text);
    }),
  );
  const marks = numeric(columns, rows).map((right) => (right ? '---:' : '---'));
  return [columns.map(({ heading }) => escaped(heading)), marks, ...cells]
    .map((row) => `| ${row.join(' | ')} |`)
    .join('\n');
}

/** The best value as it is shown: values that look alike are equally good. */
function best(column: Column, cells: readonly Cell[]): string | undefined {
  const values = cells.flatMap((cell) => numberOf(cell) ?? []);
  if (!column.best || values.length === 0) return undefined;
  return (column.best === 'highest' ? Math.max(...values) : Math.min(...values)).toFixed(column.digits ?? 3);
}

function numberOf(cell: Cell): number | undefined {
  const value = typeof cell === 'object' ? cell.mean : cell;
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

function texts(columns: readonly Column[], rows: readonly (readonly Cell[])[]): string[][] {
  return rows.map((row) => columns.map(({ digits }, at) => shown(row[at], digits)));
}

/** Whether a column holds numbers only, and so stands to the right. */
function numeric(columns: readonly Column[], rows: readonly (readonly Cell[])[]): boolean[] {
  return columns.map((_, at) => {
    const given = rows.map((row) => row[at]).filter((cell) => cell !== undefined);
    return given.length > 0 && given.every((cell) => typeof cell !== 'string');
  });
}

function pad(text: string, width: number, right: boolean): string {
  const space = ' '.repeat(Math.max(0, width - length(text)));
  return right ? space + text : text + space;
}

function length(text: string): number {
  return [...text].length;
}
