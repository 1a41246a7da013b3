import { statSync } from 'node:fs';
import { reasonOf } from '../../plan/fault.js';
import { type RunRecord, readSweepRecord, type SweepRecord, sweepRecordFile } from '../../plan/sweep/record.js';
import type { Root } from '../inside.js';

/** What a sweep wrote about its runs, and when, in milliseconds since 1970. */
export interface Told {
  /** Null where it wrote nothing, or nothing that can be read. */
  readonly record: SweepRecord | null;
  readonly changed: number;
  readonly notes: readonly string[];
}

/** What a sweep says of one run. */
export interface ToldRun extends Pick<RunRecord, 'state' | 'reason'> {
  readonly changed: number;
}

// A thousand runs take half a megabyte; larger files are none of ours.
const LARGEST = 1 << 26;
const nothing: Told = { record: null, changed: 0, notes: [] };

/** The `sweep.json` of a board's sweeps, each read again only where it changed. */
export class SweepRecords {
  readonly #held = new Map<string, { stamp: string; told: Told }>();

  constructor(private readonly root: Root) {}

  read(id: string): Told {
    const file = this.root.find(id, sweepRecordFile);
    const found = file === null ? undefined : statSync(file, { throwIfNoEntry: false });
    if (!found?.isFile() || found.size > LARGEST) return nothing;
    const stamp = `${found.ino} ${found.size} ${found.mtimeMs}`;
    const before = this.#held.get(id);
    if (before?.stamp === stamp) return before.told;
    const told = this.#parse(id, found.mtimeMs);
    this.#held.set(id, { stamp, told });
    return told;
  }

  /** What the sweeps say of their runs, by the runs' ids. */
  runs(sweeps: readonly { readonly id: string }[]): ReadonlyMap<string, ToldRun> {
    return new Map(
      sweeps.flatMap(({ id }) => {
        const { record, changed } = this.read(id);
        return (record?.runs ?? []).map(
          ({ folder, state, reason }) => [runIn(id, folder), { state, reason, changed }] as const,
        );
      }),
    );
  }

  #parse(id: string, changed: number): Told {
    try {
      return { record: readSweepRecord(this.root.folder(id)), changed, notes: [] };
    } catch (error) {
      return { ...nothing, notes: [reasonOf(error)] };
    }
  }
}

/** The id of a run that lies in a sweep's folder. */
export function runIn(sweep: string, folder: string): string {
  return sweep === '.' ? folder : `${sweep}/${folder}`;
}
