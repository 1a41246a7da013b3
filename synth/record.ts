import type { SynthesisPlan } from '../plan/synthesis.js';
import type { Call } from './ask.js';

/** Hard queries about documents, and queries of varied length, as ReasonIR calls them. */
export type Kind = 'hq' | 'vl';

/** The kinds of records that a plan asks for. */
export function kindsOf({ hard_queries: hard, varied_length: varied }: SynthesisPlan): Kind[] {
  return [...(hard ? (['hq'] as const) : []), ...(varied ? (['vl'] as const) : [])];
}

/** Whether a document answers a query, in the judge's words. */
export interface Verdict {
  /** 0 to 5; null where no grade could be had. */
  readonly grade: number | null;
  readonly call: string;
}

/** Where one text of a record came from. */
export type Origin = (
  | { readonly from: 'document'; readonly document: string; readonly rank?: number }
  | {
      readonly from: 'written';
      readonly model: string;
      readonly prompt: string;
      readonly call: string;
      /** The document that it was written from. */
      readonly document?: string;
      /** Words that were asked for, and that came. */
      readonly words?: { readonly asked: number; readonly got: number };
      /** Of a question: the second call, which found it sound. */
      readonly check?: string;
    }
) & { readonly verdict?: Verdict };

export interface Piece {
  readonly text: string;
  readonly origin: Origin;
}

/** A query with what answers it, before its negatives. */
export interface Draft {
  readonly id: string;
  readonly kind: Kind;
  readonly query: Piece;
  /** Empty where positives are still to be found among graded candidates. */
  readonly positives: readonly Piece[];
  /** The document that the query was made from. */
  readonly source: string | null;
  /** A long query's task. */
  readonly task?: string;
  readonly calls: readonly Call[];
}

/** What did not become a record, and why. */
export interface LeftOut {
  readonly id: string;
  readonly kind: Kind;
  readonly reason: string;
  /** The query, where there was one. */
  readonly query?: string;
  readonly calls: readonly Call[];
}

/** Says of one query to be why it did not become a record; `calls` are all that it took by then. */
export const leavingOut =
  (id: string, kind: Kind, calls: readonly Call[]) =>
  (reason: string, query?: string): LeftOut => ({
    id,
    kind,
    reason,
    ...(query !== undefined && { query }),
    calls,
  });

/** Where negatives come from. */
export type Side = 'written' | 'mined';

/** A text that was judged and not used. */
export interface Rejected {
  readonly side: Side;
  readonly reason: 'answers' | 'between' | 'no grade' | 'malformed' | 'refused' | 'unusable' | 'repeats another';
  readonly origin: Origin | null;
}

/** A whole record. */
export interface Finished extends Omit<Draft, 'calls'> {
  readonly negatives: readonly Piece[];
  /** How many of the positives were taken for negatives until they were judged. */
  readonly moved: Readonly<Record<Side, number>>;
  readonly rejected: readonly Rejected[];
  readonly calls: readonly Call[];
}

export type Outcome<T> = T | LeftOut;

export function isLeftOut<T extends object>(outcome: Outcome<T>): outcome is LeftOut {
  return 'reason' in outcome;
}

/** Those that became records. */
export function recordsOf(outcomes: readonly Outcome<Finished>[]): Finished[] {
  return outcomes.filter((outcome): outcome is Finished => !isLeftOut(outcome));
}

/** A written text's origin. */
export function writtenBy({ model, prompt, id }: Call): {
  from: 'written';
  model: string;
  prompt: string;
  call: string;
} {
  return { from: 'written', model, prompt, call: id };
}

/** A record as ReasonIR's schema has it, with the origin of every field beside it. */
export function lineOf(
  { id, kind, query, positives, negatives, rejected, source, task }: Finished,
  instruction: string,
) {
  const pair = ({ text }: Piece): [string, string] => ['', text];
  const origins = (pieces: readonly Piece[]): Origin[] => pieces.map(({ origin }) => origin);
  return {
    query: [instruction, query.text],
    pos: positives.map(pair),
    neg: negatives.map(pair),
    origin: {
      id,
      kind,
      ...(source !== null && { document: source }),
      ...(task !== undefined && { task }),
      query: query.origin,
      pos: origins(positives),
      neg: origins(negatives),
      rejected,
    },
  };
}
