import type {
  Ablation,
  Axis,
  Change,
  Compared,
  Curves,
  Overview,
  Question,
  RunDetail,
  RunRow,
  SearchLine,
} from '../protocol.js';

// What the page asks of the server that it came from.

async function get<T>(path: string, query: Readonly<Record<string, string | null | undefined>>): Promise<T> {
  const given = Object.entries(query).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  const response = await fetch(`/api/${path}?${new URLSearchParams(given)}`);
  const value = await response.json();
  if (!response.ok) throw new Error((value as { fault: string }).fault);
  return value as T;
}

export const server = {
  run: (id: string) => get<RunDetail>('run', { id }),
  curves: (id: string, axis: Axis) => get<Curves>('curves', { id, axis }),
  compare: (query: Readonly<Record<string, string | null | undefined>>) => get<Compared>('compare', query),
  sweep: (id: string) => get<Ablation>('sweep', { id }),

  /** Calls for every line of the answer to a question. */
  async search(question: Question, each: (line: SearchLine) => void, signal: AbortSignal): Promise<void> {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch('/api/search', { method: 'POST', headers, body: JSON.stringify(question), signal });
    if (!response.ok) {
      each(await response.json());
      return;
    }
    const reader = (response.body as ReadableStream<Uint8Array>)
      .pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)
      .getReader();
    let rest = '';
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const lines = (rest + value).split('\n');
      rest = lines.pop() as string;
      for (const line of lines) each(JSON.parse(line));
    }
  },
};

/** The runs as the server last told them. */
export class Store {
  folder = '';
  rows = new Map<string, RunRow>();
  sweeps: Overview['sweeps'] = [];
  loaded = false;
  readonly #listeners = new Set<(changed: ReadonlySet<string>) => void>();

  /** @param onLink is told whether the server is there */
  constructor(onLink: (there: boolean) => void) {
    const source = new EventSource('/api/live');
    source.onopen = () => onLink(true);
    source.onerror = () => onLink(false);
    source.onmessage = ({ data }) => this.#take(JSON.parse(data) as Change);
  }

  /** Calls with the ids of runs that are new, changed or gone, until the returned function is called. */
  listen(listener: (changed: ReadonlySet<string>) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #take(change: Change): void {
    if (change.folder !== undefined) {
      // The first message, or the first after the server was away.
      this.folder = change.folder;
      this.rows = new Map();
    }
    for (const id of change.gone) this.rows.delete(id);
    for (const row of change.rows) this.rows.set(row.id, row);
    if (change.sweeps) this.sweeps = change.sweeps;
    this.loaded = true;
    const changed = new Set([...change.gone, ...change.rows.map(({ id }) => id)]);
    for (const listener of [...this.#listeners]) listener(changed);
  }
}
