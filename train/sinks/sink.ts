/** Tools that a run can be watched with. */
export const sinkNames = ['tensorboard', 'mlflow', 'wandb'] as const;
export type SinkName = (typeof sinkNames)[number];

/** What a run's events come to, a point each: numbers by name at a step. */
export interface Point {
  readonly step: number;
  /** Seconds since 1970. */
  readonly time: number;
  /** Such as `train/loss` and `eval/pep/test/nDCG@10`. */
  readonly values: Readonly<Record<string, number>>;
}

/** What a sink says of the run besides. */
export interface RunFacts {
  readonly name: string;
  /** Of the plan. */
  readonly hash: string;
  /** The plan's values by dotted path. */
  readonly settings: Readonly<Record<string, string | number | boolean | null>>;
  /** Seconds since 1970. */
  readonly began: number;
}

/** Where a run's events are written for another tool to show. All of it lies in a folder of the run. */
export interface Sink {
  add(point: Point): void;
  close(): void;
}

/**
 * Begins a sink in a folder of its own, replacing what is there: a run that goes on writes its earlier events again, so
 * that none stands there twice.
 */
export type OpenSink = (folder: string, facts: RunFacts) => Sink;
