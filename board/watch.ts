import type { Root } from './inside.js';
import type { Change, Overview, RunRow, RunState, SweepEntry } from './protocol.js';
import { type Folders, type FoundRun, findFolders } from './runs/find.js';
import { Rows } from './runs/row.js';
import { SweepRecords, type Told, type ToldRun } from './sweeps/records.js';

const SECOND = 1000;

/** The runs of a folder as they are, and word of what changes while somebody listens. */
export class Watch {
  readonly #rows = new Rows();
  readonly #records: SweepRecords;
  readonly #listeners = new Set<(change: Change) => void>();
  #now: Overview;
  #timer: NodeJS.Timeout | undefined;
  #looked = 0;

  constructor(private readonly root: Root) {
    this.#records = new SweepRecords(root);
    this.#now = { folder: root.name, rows: [], sweeps: [] };
    this.look();
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

  /** Looks at the folder and says what changed since the last time. */
  look(): Change {
    const { runs, sweeps: folders } = findFolders(this.root);
    const before = new Map(this.#now.rows.map((row) => [row.id, row]));
    const told = this.#records.runs(folders);
    const sweeps = folders.map((folder) => this.#entry(folder));
    const rows = runs.flatMap((run) => this.#read(run, told.get(run.id)) ?? before.get(run.id) ?? []);
    const there = new Set(runs.map(({ id }) => id));
    this.#rows.keep(there);
    const same = JSON.stringify(sweeps) === JSON.stringify(this.#now.sweeps);
    this.#now = { ...this.#now, rows, sweeps };
    this.#looked = performance.now();
    return {
      rows: rows.filter((row) => before.get(row.id) !== row),
      gone: [...before.keys()].filter((id) => !there.has(id)),
      ...(same ? {} : { sweeps }),
    };
  }

  /** What is there, as of a second ago at the most: a page that is opened with the board need not wait for a second look. */
  fresh(): Overview {
    if (performance.now() - this.#looked > SECOND) this.look();
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
    if (this.#listeners.size === 1) this.#later(SECOND);
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) clearTimeout(this.#timer);
    };
  }

  /** The larger the folder, the longer a look takes: at most a tenth of the time goes into looking. */
  #later(wait: number): void {
    this.#timer = setTimeout(() => {
      const began = performance.now();
      const change = this.look();
      if (change.rows.length > 0 || change.gone.length > 0 || change.sweeps)
        for (const listener of this.#listeners) listener(change);
      this.#later(Math.max(SECOND, 9 * (performance.now() - began)));
    }, wait);
  }
}
