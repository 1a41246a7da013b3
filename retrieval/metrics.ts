import { distance } from 'fastest-levenshtein';
import { Fault } from '../plan/fault.js';
import { compareRanked, type Qrels, type Ranked, type Run } from './ranking.js';

/** A measure, made by {@link parseMeasure}; `name` is the name ir_measures prints, such as `nDCG@10`. */
export type Measure = { readonly name: string; readonly of: (judged: Judged) => number };

/** One query's ranking seen through its judgements. */
type Judged = {
  /** The grade of each retrieved document, best first; 0 where there is no judgement. */
  readonly grades: readonly number[];
  /** 1 for each retrieved document that has a judgement, else 0, best first. */
  readonly hasJudgement: Uint8Array;
  /** Every positive grade of the query, largest first. */
  readonly ideal: readonly number[];
  /** How many judged documents are relevant. */
  readonly relevant: number;
  readonly isRelevant: (grade: number) => boolean;
};

/** One measure over a run: the mean, and the value for each query that the mean is over, in the judgements' order. */
export type Scores = { readonly mean: number; readonly perQuery: ReadonlyMap<string, number> };

type Family = {
  readonly needsCutoff: boolean;
  /** Other tools' names for it, for suggestions only. */
  readonly alsoCalled: readonly string[];
  /** `k` is the cutoff, Infinity without one. */
  readonly of: (judged: Judged, k: number) => number;
};

// Each as trec_eval 9 defines it (m_ndcg_cut.c, m_map.c, m_recip_rank.c, m_P.c, m_recall.c, m_success.c, m_unj.c), but
// for Judged, which is ir_measures': of what was retrieved, not of k.
const families: Readonly<Record<string, Family>> = {
  nDCG: {
    needsCutoff: false,
    alsoCalled: ['ndcg_cut'],
    of: ({ grades, ideal }, k) => (ideal.length === 0 ? 0 : gain(grades, k) / gain(ideal, k)),
  },
  AP: { needsCutoff: false, alsoCalled: ['map', 'map_cut'], of: averagePrecision },
  RR: { needsCutoff: false, alsoCalled: ['mrr', 'recip_rank'], of: reciprocalRank },
  P: { needsCutoff: true, alsoCalled: ['precision', 'prec'], of: (judged, k) => relevantIn(judged, k) / k },
  R: {
    needsCutoff: true,
    alsoCalled: ['recall'],
    of: (judged, k) => (judged.relevant === 0 ? 0 : relevantIn(judged, k) / judged.relevant),
  },
  Success: {
    needsCutoff: true,
    alsoCalled: ['hit', 'hits', 'accuracy'],
    of: (judged, k) => (relevantIn(judged, k) > 0 ? 1 : 0),
  },
  Judged: {
    needsCutoff: true,
    alsoCalled: ['judgment_rate'],
    of: ({ hasJudgement }, k) => {
      const retrieved = Math.min(k, hasJudgement.length);
      return retrieved === 0 ? 0 : judgedIn(hasJudgement, retrieved) / retrieved;
    },
  },
  Hole: {
    needsCutoff: true,
    alsoCalled: ['unj', 'hole_rate', 'holes'],
    of: ({ hasJudgement }, k) => {
      const retrieved = Math.min(k, hasJudgement.length);
      return (retrieved - judgedIn(hasJudgement, retrieved)) / k;
    },
  },
};

const known = Object.entries(families)
  .map(([name, { needsCutoff }]) => (needsCutoff ? `${name}@k` : `${name}, ${name}@k`))
  .join(', ');

/**
 * A measure by the name ir_measures gives it: nDCG, AP and RR, alone or `@k`; P, R, Success and Judged `@k`. Hole@k is
 * the share of the first k places that hold a document without judgement: trec_eval's `unj`, BEIR's hole@k.
 *
 * @param where what names it, for the message: `eval.metrics` or `--metric`
 * @throws Fault an unknown name, with the nearest known one.
 */
export function parseMeasure(name: string, where = 'eval.metrics'): Measure {
  const [, stem = '', digits] = /^(.*?)(?:@([1-9]\d{0,8}))?$/s.exec(name) ?? [];
  const family = Object.hasOwn(families, stem) ? families[stem] : undefined;
  if (family === undefined || (family.needsCutoff && digits === undefined)) {
    const meant = nearest(name);
    throw new Fault(
      `Expected a measure for ${where}, got ${JSON.stringify(name)}. Did you mean ${meant}? Known are ${known}.`,
    );
  }
  const k = digits === undefined ? Number.POSITIVE_INFINITY : Number(digits);
  return { name, of: (judged) => family.of(judged, k) };
}

/** How rankings are scored; what trec_eval's flags say. */
export type Scoring = {
  /** Average over all judged queries, those missing from the run with 0 (`-c`, the default), or over those in both. */
  readonly complete?: boolean;
  /** The lowest grade that counts as relevant (`-l`, 1 if not given); nDCG takes grades as they are. */
  readonly relevantFrom?: number;
  /** Only the best so many documents of each query count (`-M`). */
  readonly depth?: number;
};

/**
 * A run's measures, equal to trec_eval's. A query that has no relevant document counts with 0; a query of the run
 * without judgements is passed over.
 *
 * @returns measure name → scores, in the order asked
 * @throws Fault when there is no query to average over.
 */
export function evaluate(
  run: Run,
  qrels: Qrels,
  measures: readonly Measure[],
  { complete = true, relevantFrom = 1, depth = Number.POSITIVE_INFINITY }: Scoring = {},
): Map<string, Scores> {
  const values = measures.map(() => new Map<string, number>());
  for (const [query, grades] of qrels) {
    const ranked = run.get(query);
    if (ranked === undefined && !complete) continue;
    const judged = judge(inOrder(ranked ?? []), grades, relevantFrom, depth);
    for (const [i, measure] of measures.entries()) values[i]!.set(query, measure.of(judged));
  }
  if (measures.length > 0 && values[0]!.size === 0) {
    throw new Fault('Expected a judged query for the run, got none. Check that run and judgements share query ids.');
  }
  return new Map(measures.map(({ name }, i) => [name, { mean: mean(values[i]!), perQuery: values[i]! }]));
}

/** In trec_eval's order; most runs are already. */
function inOrder(ranked: Ranked): Ranked {
  for (let i = 1; i < ranked.length; i++) {
    if (compareRanked(ranked[i - 1]!, ranked[i]!) > 0) return [...ranked].sort(compareRanked);
  }
  return ranked;
}

function judge(
  ranked: Ranked,
  judgements: ReadonlyMap<string, number>,
  relevantFrom = 1,
  depth = Number.POSITIVE_INFINITY,
): Judged {
  const isRelevant = (grade: number) => grade >= relevantFrom;
  const all = [...judgements.values()];
  const count = Math.min(ranked.length, depth);
  const grades = new Array<number>(count).fill(0);
  const hasJudgement = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    // trec_eval takes a grade of -1 for "not judged".
    const grade = judgements.get(ranked[i]!.id) ?? -1;
    if (grade === -1) continue;
    grades[i] = grade;
    hasJudgement[i] = 1;
  }
  return {
    grades,
    hasJudgement,
    ideal: all.filter((grade) => grade > 0).sort((a, b) => b - a),
    relevant: all.filter(isRelevant).length,
    isRelevant,
  };
}

/**
 * One query's ranking, to be scored again and again in other orders: `swap` exchanges two places, `isJudged` tells
 * which hold a document with a judgement, and `value` is the measure of the order as it stands.
 */
export interface Reordered {
  swap(a: number, b: number): void;
  isJudged(place: number): boolean;
  value(): number;
}

/** Scores without sorting, as {@link evaluate} does a ranking whose order is given. */
export function reorder(ranked: Ranked, judgements: ReadonlyMap<string, number>, measure: Measure): Reordered {
  const judged = judge(ranked, judgements);
  const { hasJudgement } = judged;
  const grades = [...judged.grades];
  return {
    swap(a, b) {
      [grades[a], grades[b]] = [grades[b]!, grades[a]!];
      [hasJudgement[a], hasJudgement[b]] = [hasJudgement[b]!, hasJudgement[a]!];
    },
    isJudged: (place) => hasJudgement[place] === 1,
    value: () => measure.of({ ...judged, grades }),
  };
}

function mean(values: ReadonlyMap<string, number>): number {
  let sum = 0;
  for (const value of values.values()) sum += value;
  return sum / values.size;
}

function gain(grades: readonly number[], k: number): number {
  let sum = 0;
  const end = Math.min(k, grades.length);
  for (let i = 0; i < end; i++) if (grades[i]! > 0) sum += grades[i]! / Math.log2(i + 2);
  return sum;
}

function relevantIn({ grades, isRelevant }: Judged, k: number): number {
  let found = 0;
  const end = Math.min(k, grades.length);
  for (let i = 0; i < end; i++) if (isRelevant(grades[i]!)) found++;
  return found;
}

/** Among the first `end`. */
function judgedIn(hasJudgement: Uint8Array, end: number): number {
  let found = 0;
  for (let i = 0; i < end; i++) found += hasJudgement[i]!;
  return found;
}

function averagePrecision({ grades, relevant, isRelevant }: Judged, k: number): number {
  let found = 0;
  let sum = 0;
  const end = Math.min(k, grades.length);
  for (let i = 0; i < end; i++) if (isRelevant(grades[i]!)) sum += ++found / (i + 1);
  return relevant === 0 ? 0 : sum / relevant;
}

function reciprocalRank({ grades, isRelevant }: Judged, k: number): number {
  const first = grades.findIndex(isRelevant);
  return first < 0 || first >= k ? 0 : 1 / (first + 1);
}

function nearest(name: string): string {
  const cutoff = /\d+/.exec(name)?.[0].replace(/^0+/, '') || '10';
  const stem = name.replace(/[@_.:\s]*\d.*$/s, '').toLowerCase();
  let best = { far: Number.POSITIVE_INFINITY, meant: '' };
  for (const [family, { needsCutoff, alsoCalled }] of Object.entries(families)) {
    const meant = needsCutoff || /\d/.test(name) ? `${family}@${cutoff}` : family;
    for (const spelling of [family, ...alsoCalled]) {
      const far = distance(stem, spelling.toLowerCase());
      if (far < best.far) best = { far, meant };
    }
  }
  return best.meant;
}
