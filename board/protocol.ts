// What the server and the page tell each other: JSON of these shapes.

/** How far a run is. `stopped`: short of the steps that its plan asks for. `ended`: nothing writes to it any more. */
export type RunState = 'waiting' | 'running' | 'done' | 'stopped' | 'ended' | 'failed' | 'halved';

/** A run, as a row of the table. */
export interface RunRow {
  /** Its folder within the board's, with "/" between the parts; "." where the board's folder is the run. */
  readonly id: string;
  readonly state: RunState;
  readonly step: number | null;
  /** Steps in all, where the plan says so in steps. */
  readonly total: number | null;
  /** Of the last step; null before the first, and where it was no number. */
  readonly loss: number | null;
  /** Losses at places spread evenly over events.jsonl: for a small picture, not for reading. */
  readonly spark: readonly (number | null)[];
  readonly tokensPerSecond: number | null;
  /** Since training began. */
  readonly seconds: number | null;
  /** When it last wrote, in milliseconds since 1970. */
  readonly changed: number;
  readonly base: string;
  readonly sources: string;
  readonly batch: number | null;
  readonly rate: number | null;
  readonly seed: number | null;
  readonly hash: string;
  /** Folders of the sets that its plan evaluates on. */
  readonly sets: readonly string[];
  /** `pep test nDCG@10` → the run's own mean. */
  readonly scores: Readonly<Record<string, number>>;
  readonly notes: readonly string[];
}

export interface Overview {
  readonly folder: string;
  readonly rows: readonly RunRow[];
  readonly sweeps: readonly SweepEntry[];
}

export interface SweepEntry {
  readonly id: string;
  /** How many it has, begun or not. */
  readonly runs: number;
  /** How many of them are done; null where it does not say. */
  readonly done: number | null;
  readonly failed: number | null;
  /** When it last wrote about its runs, in milliseconds since 1970; 0 where it did not. */
  readonly changed: number;
}

/** What changed since the last message; the first has everything, and the folder. */
export interface Change {
  readonly folder?: string;
  readonly rows: readonly RunRow[];
  readonly gone: readonly string[];
  /** Given where the list of sweeps is another. */
  readonly sweeps?: Overview['sweeps'];
}

export interface ResultRow {
  readonly set: string;
  readonly split: string;
  readonly system: string;
  readonly queries: number;
  readonly documents: number | null;
  readonly seconds: number | null;
  readonly metrics: Readonly<Record<string, number>>;
}

export interface RunDetail {
  readonly row: RunRow;
  /** plan.yaml as it stands there. */
  readonly plan: string;
  readonly checkpoints: readonly string[];
  readonly results: readonly ResultRow[];
  readonly notes: readonly string[];
}

export type Axis = 'step' | 'tokens' | 'seconds';

/** A line: points of the lowest and the highest value of each stretch, and a moving average beside them. */
export interface Series {
  readonly name: string;
  readonly x: readonly number[];
  readonly y: readonly (number | null)[];
  readonly smooth: readonly { readonly x: number; readonly y: number }[];
}

export type Measured = 'loss' | 'lr' | 'grad_norm' | 'tokens_per_s' | 'memory_mb';

export interface Curves {
  readonly steps: number;
  readonly axis: Axis;
  /** The loss has a series for each source where there are two to five. */
  readonly measured: Readonly<Record<Measured, readonly Series[]>>;
  /** Scores over training: a series for each set, split and measure. */
  readonly evals: readonly Series[];
  readonly notes: readonly string[];
}

export interface Difference {
  readonly path: string;
  readonly a: string | null;
  readonly b: string | null;
}

export interface ComparedMeasure {
  readonly set: string;
  readonly measure: string;
  readonly queries: number;
  readonly a: number;
  readonly b: number;
  readonly difference: number;
  readonly interval: readonly [low: number, high: number];
  readonly wins: number;
  readonly ties: number;
  readonly losses: number;
  readonly p: number;
  readonly holm: number;
}

/** A query whose value changed from a to b. */
export interface ChangedQuery {
  readonly query: string;
  readonly text: string | null;
  readonly a: number;
  readonly b: number;
}

export interface Compared {
  readonly rows: readonly [RunRow, RunRow];
  readonly plan: readonly Difference[];
  /** The systems whose results lie in each run, and the one that was taken. */
  readonly systems: readonly [Systems, Systems];
  readonly measures: readonly ComparedMeasure[];
  readonly changes: {
    readonly set: string;
    readonly measure: string;
    readonly queries: readonly ChangedQuery[];
  } | null;
  readonly notes: readonly string[];
}

export interface Systems {
  readonly names: readonly string[];
  readonly taken: string | null;
}

/** A variant's values of a measure, one a seed. */
export interface Spread {
  readonly name: string;
  readonly values: readonly number[];
}

export interface Ablation {
  readonly id: string;
  /** The file that the table is from; null where it was made of the runs' own scores. */
  readonly file: string | null;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** A picture for each measure that the finished runs' scores have. */
  readonly spreads: readonly { readonly measure: string; readonly variants: readonly Spread[] }[];
  readonly runs: readonly SweptRun[];
  readonly notes: readonly string[];
}

/** A run of a sweep. */
export interface SweptRun {
  /** `vl-seed1`. */
  readonly name: string;
  /** Null where it has no folder yet. */
  readonly id: string | null;
  readonly state: RunState;
  /** What went wrong, where something did. */
  readonly reason: string | null;
  readonly loss: number | null;
}

/** Put to one model or two: `bm25`, or the id of a run. `set` is one of those that the runs' plans name. */
export interface Question {
  readonly question: string;
  readonly set: string;
  readonly models: readonly string[];
}

export interface FoundText {
  readonly id: string;
  readonly score: number;
  readonly words: readonly { readonly text: string; readonly marked: boolean }[];
  readonly more: readonly [before: boolean, after: boolean];
}

export interface FoundBy {
  readonly system: string;
  readonly hits: readonly FoundText[];
}

/** A line of the answer to a question: how far it is, then what was found or what went wrong. */
export type SearchLine =
  | { readonly progress: string }
  | { readonly found: readonly FoundBy[] }
  | { readonly fault: string };
