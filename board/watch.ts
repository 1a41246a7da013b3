import { setImmediate } from 'node:timers/promises';
import type { Root } from './inside.js';
import type { Change, Overview, RunRow, RunState, SweepEntry } from './protocol.js';
import { type Folders, type FoundRun, findFolders } from './runs/find.js';
import { Rows } from './runs/row.js';
import { SweepRecords, type Told, type ToldRun } from './sweeps/records.js';

const SECOND = 1000;
// Of milliseconds: so long may a request wait while a thousand runs are looked at.
const SLICE = 15;

/** The runs of a folder as they are, and word of what changes while somebody listens. */
export class Watch {
  readonly #rows = new Rows();
  readonly #records: SweepRecords;
  readonly #listeners = new Set<(change: Change) => void>();
  #now: Overview;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #looked = 0;
  /** When the folder has been looked at once. The server answers before that: the page's files are read meanwhile. */
  readonly ready: Promise<void>;

  constructor(private readonly root: Root) {
    this.#records = new SweepRecords(root);
    this.#now = { folder: root.name, rows: [], sweeps: [] };
    this.ready = this.#look();
  }

  #entry({ id, runs }: Folders['sweeps'][number]): SweepEntry {
    const { record, changed } = this.#records.read(id);
    const count = (state: RunState): number | null => record?.runs.filter((run) => run.state === state).length ?? null;
    return { id, runs: record?.runs.length ?? runs, done: count('done'), failed: count('failed'), changed };
  }

  /** What was there at the last look. */
  get now(): Overview {
    return this.#now;
  }

  row(id: string): RunRow | undefined {
    return this.#now.rows.find((row) => row.id === id);
  }

  /** What a sweep says of its runs. */
  told(sweep: string): Told {
    return this.#records.read(sweep);
  }

  /** Looks at the folder and tells who listens what changed since the last time; one look at a time. */
  #look(): Promise<void> {
    this.#looking ??= this.#lookOnce().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #lookOnce(): Promise<void> {
    const { runs, sweeps: folders } = findFolders(this.root);
    const before = new Map(this.#now.rows.map((row) => [row.id, row]));
    const told = this.#records.runs(folders);
    const sweeps = folders.map((folder) => this.#entry(folder));
    const rows: RunRow[] = [];
    let began = performance.now();
    for (const run of runs) {
      const row = this.#read(run, told.get(run.id)) ?? before.get(run.id);
      if (row) rows.push(row);
      if (performance.now() - began < SLICE) continue;
      await setImmediate();
      began = performance.now();
    }
    const there = new Set(runs.map(({ id }) => id));
    this.#rows.keep(there);
    const same = JSON.stringify(sweeps) === JSON.stringify(this.#now.sweeps);
    this.#now = { ...this.#now, rows, sweeps };
    this.#looked = performance.now();
    this.#tell({
      rows: rows.filter((row) => before.get(row.id) !== row),
      gone: [...before.keys()].filter((id) => !there.has(id)),
      ...(same ? {} : { sweeps }),
    });
  }

  #tell(change: Change): void {
    if (change.rows.length === 0 && change.gone.length === 0 && !change.sweeps) return;
    for (const listener of this.#listeners) listener(change);
  }

  /** What is there, as of a second ago at the most: a page that is opened with the board need not wait for a second look. */
  async fresh(): Promise<Overview> {
    if (performance.now() - this.#looked > SECOND) await this.#look();
    return this.#now;
  }

  /** Null for a run that goes, or changes, while it is looked at: the next look tells. */
  #read(run: FoundRun, told: ToldRun | undefined): RunRow | null {
    try {
      return this.#rows.read(run, told);
    } catch {
      return null;
    }
  }

  /** Calls for every change from now on, until the returned function is called. */
  listen(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    this.#timer ??= this.#later(SECOND);
    return () => void this.#listeners.delete(listener);
  }

  /** The larger the folder, the longer a look takes: at most a tenth of the time goes into looking. */
  #later(wait: number): NodeJS.Timeout {
    const next = async (): Promise<void> => {
      this.#timer = undefined;
      if (this.#listeners.size === 0) return;
      const began = performance.now();
      await this.#look();
      this.#timer ??= this.#later(Math.max(SECOND, 9 * (performance.now() - began)));
    };
    return setTimeout(next, wait).unref();
  }
}
