/**
 * A line of a run's events.jsonl, one an optimizer step. `seconds` are since the process began to train, `tokens` of this
 * step, `memory_mb` the most so far: of the device's memory on CUDA, else of the process.
 */
export interface StepEvent {
  readonly step: number;
  readonly loss: number;
  readonly grad_norm: number;
  readonly lr: number;
  readonly tokens: number;
  readonly tokens_per_s: number;
  readonly seconds: number;
  readonly memory_mb: number;
  readonly source: string;
}

/** The model in training, scored on one set: a line {"eval": {…}} after its step's own. */
export interface EvaluationEvent {
  readonly step: number;
  readonly set: string;
  readonly split: string;
  /** Measure → mean over the set's queries. */
  readonly metrics: Readonly<Record<string, number>>;
}

/** What is written to events.jsonl. Readers (report/events.ts, board/events/) also take what earlier versions wrote. */
export type EventLine = StepEvent | { readonly eval: EvaluationEvent };
