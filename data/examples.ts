import type { SourcePlan } from '../plan/data.js';
import type { FaultKind, FaultLog } from './fault-log.js';
import { shown } from './jsonl.js';
import type { Row } from './read/row.js';

/** A text, and the instruction that its record gives for it ('' for none). */
export interface Instructed {
  readonly text: string;
  readonly instruction: string;
}

/** One record of a source: a query and what answers it. Where positives are ids, `positives` holds the ids. */
export interface Example {
  readonly where: string;
  readonly query: Instructed;
  readonly positives: readonly Instructed[];
  readonly negatives: readonly Instructed[];
  /** A teacher's scores of the positives, then the negatives. */
  readonly scores: readonly number[] | null;
  /** Documents that cannot be negatives: their ids, or their texts where ids have been joined with texts. */
  readonly excluded: readonly string[];
}

type Columns = NonNullable<SourcePlan['columns']>;
type Record_ = Readonly<Record<string, unknown>>;

// What the publishers of such data call their columns: ReasonIR, GritLM and BGE; sentence-transformers; BRIGHT.
const queryNames = ['query', 'anchor', 'question'];
const positiveNames = ['pos', 'positive', 'positives', 'gold_ids', 'answer', 'passage'];
const negativeNames = ['neg', 'negative', 'negatives'];
const numberedNegative = /^(neg|negative)_\d+$/;
// BRIGHT's word for "there are none".
const NONE = 'N/A';

class Unusable extends Error {
  constructor(
    readonly kind: FaultKind,
    readonly field: string,
    readonly got: string,
    readonly remedy: string,
    readonly wanted: string = expected(kind),
  ) {
    super(got);
  }
}

/**
 * A record as an example: {query, pos, neg}, anchor/positive/negative columns, triples with scores, or BRIGHT's
 * {query, gold_ids, excluded_ids}. A text is a string, or an [instruction, text] pair. What cannot be used is reported
 * and left out: the record (null), or a negative that equals a positive.
 */
export function readExample({ where, value }: Row, columns: Columns, faults: FaultLog): Example | null {
  try {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new Unusable('wrong type', 'record', shown(value), 'Write {"query": …, "pos": […], "neg": […]}.');
    }
    const record = value as Record_;
    const query = textOf(record, columnOf(record, columns.query, queryNames, 'query'));
    const positiveColumn = columnOf(record, columns.positive, positiveNames, 'positive');
    const positives = textsOf(record, positiveColumn).filter(({ text }) => text !== NONE);
    if (positives.length === 0)
      throw new Unusable('no positive', positiveColumn, 'none', 'Add one, or delete the record.');
    const negatives = negativeColumns(record, columns).flatMap((column) => textsOf(record, column));
    const example = {
      where,
      query,
      positives,
      negatives,
      scores: scoresOf(record, positives.length, negatives.length),
      excluded: Array.isArray(record.excluded_ids) ? record.excluded_ids.map(String).filter((id) => id !== NONE) : [],
    };
    return withoutContradictions(example, faults);
  } catch (error) {
    if (!(error instanceof Unusable)) throw error;
    const { kind, field, got, remedy, wanted } = error;
    faults.report(kind, `Expected ${wanted} for ${where} ${field}, got ${got}. ${remedy}`);
    return null;
  }
}

/** Without positives that are the query itself, and without negatives that are positives; each is reported. */
export function withoutContradictions(example: Example, faults: FaultLog): Example | null {
  const { where, query, positives } = example;
  const answers = new Set(positives.map(({ text }) => text));
  const kept = keepOnly(
    example,
    ({ text }) => {
      if (text !== query.text) return true;
      faults.report(
        'query equals its positive',
        `Expected a positive other than the query for ${where}, got ${shown(text)}. Delete the record.`,
      );
      return false;
    },
    ({ text }) => {
      if (!answers.has(text)) return true;
      faults.report(
        'negative equals a positive',
        `Expected negatives other than the positives for ${where}, got ${shown(text)}. Delete that negative.`,
      );
      return false;
    },
  );
  return kept.positives.length > 0 ? kept : null;
}

/** An example without some of its texts, their scores left out with them. */
export function keepOnly(
  example: Example,
  positive: (text: Instructed) => boolean,
  negative: (text: Instructed) => boolean,
): Example {
  const { positives, negatives, scores } = example;
  const keep = [...positives.map(positive), ...negatives.map(negative)];
  return {
    ...example,
    positives: positives.filter((_, i) => keep[i]),
    negatives: negatives.filter((_, i) => keep[positives.length + i]),
    scores: scores?.filter((_, i) => keep[i]) ?? null,
  };
}

function expected(kind: FaultKind): string {
  const words: Partial<Record<FaultKind, string>> = {
    'missing column': 'a column',
    'wrong type': 'text, or [instruction, text],',
    'empty text': 'text',
    'half a character': 'whole characters',
    'no positive': 'a positive',
  };
  return words[kind] ?? 'a usable record';
}

function columnOf(record: Record_, given: string | undefined, names: readonly string[], what: string): string {
  const found = given === undefined ? names.find((name) => record[name] !== undefined) : given;
  if (found !== undefined && record[found] !== undefined && record[found] !== null) return found;
  const got = Object.keys(record).slice(0, 12).join(', ') || 'no columns';
  throw new Unusable(
    'missing column',
    given ?? what,
    shown(got).slice(1, -1),
    `Name it in the source's columns.${what}.`,
  );
}

function negativeColumns(record: Record_, { negative }: Columns): string[] {
  if (negative !== undefined) return [negative];
  const plain = negativeNames.filter((name) => record[name] !== undefined && record[name] !== null);
  return [...plain, ...Object.keys(record).filter((name) => numberedNegative.test(name))];
}

function textOf(record: Record_, column: string): Instructed {
  return instructed(record[column], column);
}

function textsOf(record: Record_, column: string): Instructed[] {
  const value = record[column];
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) return [instructed(value, column)];
  return value.map((item, i) => instructed(item, `${column}[${i}]`));
}

function instructed(value: unknown, field: string): Instructed {
  if (typeof value === 'string') return { text: checked(value, field), instruction: '' };
  if (Array.isArray(value) && value.length === 2) {
    const [instruction, text] = value as unknown[];
    if (typeof instruction === 'string' && typeof text === 'string') {
      return { text: checked(text, field), instruction: instruction.trim() };
    }
  }
  throw new Unusable('wrong type', field, shown(value), 'Mend the record.');
}

function checked(text: string, field: string): string {
  if (text.trim() === '') throw new Unusable('empty text', field, shown(text), 'Write it, or delete the record.');
  if (halfCharacter.test(text)) {
    throw new Unusable('half a character', field, 'half of a surrogate pair', 'Write the file again as UTF-8.');
  }
  return text;
}

const halfCharacter = /\p{Surrogate}/u;

/** A teacher's scores, in the forms that are published: of each text, or the margin between the one pair. */
function scoresOf(record: Record_, positives: number, negatives: number): number[] | null {
  const { pos_scores: ofPositives, neg_scores: ofNegatives } = record;
  const single = record.scores ?? record.labels ?? record.score ?? record.label;
  if (isGiven(ofPositives) || isGiven(ofNegatives)) {
    return [...numbers(ofPositives, positives, 'pos_scores'), ...numbers(ofNegatives, negatives, 'neg_scores')];
  }
  if (Array.isArray(single)) return numbers(single, positives + negatives, 'scores');
  return typeof single === 'number' && positives === 1 && negatives === 1 ? numbers([single, 0], 2, 'score') : null;
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function numbers(given: unknown, wanted: number, field: string): number[] {
  // A side of no texts may leave its scores out.
  const values: readonly unknown[] = Array.isArray(given) ? given : isGiven(given) ? [given] : [];
  if (values.length === wanted && values.every((v) => typeof v === 'number' && Number.isFinite(v)))
    return values as number[];
  throw new Unusable(
    'wrong type',
    field,
    isGiven(given) ? shown(given) : 'nothing',
    'Mend the record.',
    `a score for each of its ${wanted} texts`,
  );
}
