import { relative } from 'node:path';
import { type RunRecord, type RunState, type SweepRecord, writeSweepRecord } from '../plan/sweep/record.js';
import { rungsOf } from '../plan/sweep/rungs.js';
import type { Sweep } from '../plan/sweep/sweep.js';
import { rungScore } from './commands.js';
import { baselinesFolder, type Placed } from './layout.js';
import { finishedScores, spentIn } from './on-disk.js';
import { basesOf } from './shared.js';

/** Where each run of a sweep stands, written to `sweep.json` with each change. */
export class Ledger {
  readonly #runs: Map<Placed, RunRecord>;

  constructor(
    readonly folder: string,
    readonly sweep: Sweep,
    readonly placed: readonly Placed[],
  ) {
    this.#runs = new Map(placed.map((one) => [one, this.#look(one)]));
    this.#write();
  }

  get record(): SweepRecord {
    const { name, baseline } = this.sweep;
    return {
      name,
      baseline,
      bases: basesOf(this.placed),
      baselines: baselinesFolder,
      runs: this.placed.map((one) => this.of(one)),
    };
  }

  of(placed: Placed): RunRecord {
    return this.#runs.get(placed) as RunRecord;
  }

  /** The runs in these states. */
  in(...states: readonly RunState[]): Placed[] {
    return this.placed.filter((one) => states.includes(this.of(one).state));
  }

  /** Looks at a run's folder, which says whether it is done, and says what else is known of it. */
  update(placed: Placed, state?: RunState, reason?: string): RunRecord {
    const found = this.#look(placed);
    const told = found.state === 'done' || state === undefined ? found : { ...found, state, ...(reason && { reason }) };
    this.#runs.set(placed, told);
    this.#write();
    return told;
  }

  #look(placed: Placed): RunRecord {
    const { run, folder } = placed;
    const spent = spentIn(folder);
    const scores = finishedScores(placed);
    const variant = this.sweep.variants.find(({ name }) => name === run.variant);
    const rungs = this.#rungsOf(placed);
    return {
      variant: run.variant,
      seed: run.seed,
      hash: run.hash,
      folder: relative(this.folder, folder),
      state: scores ? 'done' : spent ? 'stopped' : 'waiting',
      steps: spent?.steps ?? null,
      tokens: spent?.tokens ?? null,
      seconds: spent && Number(spent.seconds.toFixed(3)),
      settings: variant?.settings ?? {},
      ...(scores && { scores }),
      ...(rungs.length > 0 && { rungs }),
    };
  }

  #rungsOf(placed: Placed): { duration: string; score: number }[] {
    const { halving } = this.sweep;
    if (!halving) return [];
    return rungsOf(halving, placed.run.plan)
      .slice(0, -1)
      .flatMap((duration) => {
        const score = rungScore(placed, duration, halving);
        return score === null ? [] : [{ duration, score }];
      });
  }

  #write(): void {
    writeSweepRecord(this.folder, this.record);
  }
}
