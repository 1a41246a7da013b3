import { allEnded } from '../../endpoint/all-ended.js';
import { Fault } from '../../plan/fault.js';
import type { MiningGuardPlan } from '../../plan/guards.js';
import { readCollection } from '../beir.js';
import type { Source } from '../pairs.js';
import { disposeGuards, type Guard, makeGuards, modelsOf } from './guards.js';
import { positivesOf } from './mine.js';
import { makeRankers } from './rankers.js';
import { type Progress, type SourceVectors, vectorsOf } from './vectors.js';

/** What one guard says of a source's negatives. */
interface Verdict {
  readonly guard: string;
  /** Negatives that it would leave out. */
  readonly dropped: number;
  /** Negatives of which it could not say. */
  readonly unjudged: number;
  /** Where truth is known: how many of those are right answers, and how many of the right answers those are. */
  readonly precision: number | null;
  readonly recall: number | null;
  readonly example: { readonly query: string; readonly positive: string; readonly negative: string } | null;
}

/** What guards say of the negatives that training would see. */
export interface Audit {
  readonly source: string;
  readonly negatives: number;
  /** Negatives that are right answers in truth; null where truth is not known. */
  readonly falseNegatives: number | null;
  /** Each guard, then `any of them` and `all of them` where there are several. */
  readonly verdicts: readonly Verdict[];
  /** Of the negatives that either of two guards would leave out, the share that both would. */
  readonly agreement: readonly { readonly guards: readonly [string, string]; readonly share: number }[];
}

/** Right answers by text: query → documents. */
export type Truth = (query: string, document: string) => boolean;

/** The truth of a collection whose judgements of a split are complete. */
export function readTruth(folder: string, split: string): Truth {
  const { corpus, queries, qrels } = readCollection(folder, split);
  const texts = new Map(corpus.ids.map((id, i) => [id, corpus.texts[i]!]));
  const answers = new Map<string, Set<string>>();
  for (const { id, text } of queries) {
    const right = [...qrels.get(id)!].flatMap(([document, grade]) => (grade > 0 ? (texts.get(document) ?? []) : []));
    answers.set(text.trim(), new Set([...(answers.get(text.trim()) ?? []), ...right]));
  }
  return (query, document) => {
    const right = answers.get(query.trim());
    if (right) return right.has(document.trim());
    throw new Fault(
      `Expected every query of the source in ${folder}, split ${split}, got one without: ${JSON.stringify(query.slice(0, 60))}. ` +
        'Name the collection that the source was made from.',
    );
  };
}

/** What an audit judges by. */
export interface AuditSettings {
  readonly guards: readonly MiningGuardPlan[];
  /** Whose scores positive-margin and score-mask take. */
  readonly model: string;
  /** Whose ranking top-rank takes: bm25 and models, merged as in mining. */
  readonly by: readonly string[];
  readonly truth: Truth | null;
}

/** Judges each negative of each pair by each guard. Models need a running backend. */
export async function auditSource(
  source: Source,
  { guards: plans, model, by, truth }: AuditSettings,
  onProgress: Progress,
): Promise<Audit> {
  const vectors = new Map<string, SourceVectors>();
  const deepest = Math.max(0, ...plans.map((plan) => (plan.type === 'top-rank' ? plan.skip : 0)));
  const ranking = deepest > 0 ? by.filter((name) => name !== 'bm25') : [];
  for (const name of new Set([...ranking, ...modelsOf(plans, model)])) {
    vectors.set(name, await vectorsOf(source, name, onProgress));
  }
  const of = (name: string): SourceVectors => vectors.get(name) as SourceVectors;
  const rankOf = deepest > 0 ? await ranksOf(source, by, deepest, of) : () => Number.POSITIVE_INFINITY;
  const guards = await makeGuards(plans, source, model, of);
  try {
    return await auditBy(guards, source, truth, rankOf, onProgress);
  } finally {
    disposeGuards(guards);
  }
}

async function auditBy(
  guards: readonly Guard[],
  source: Source,
  truth: Truth | null,
  rankOf: (query: number, document: number) => number,
  onProgress: Progress,
): Promise<Audit> {
  const { queries, documents } = source;
  const positives = positivesOf(source);
  const total = source.pairs.reduce((sum, { negatives }) => sum + negatives.length, 0);
  let done = 0;
  const judged = await allEnded(
    source.pairs.flatMap(({ query, positive, negatives }) =>
      negatives.map(async (negative) => {
        const asked = [query, positives[query]!, negative, rankOf(query, negative)] as const;
        const said = await allEnded(guards.map(async (guard) => guard.suspects(...asked)));
        onProgress(`judging ${source.name}`, ++done, total);
        const right = truth?.(queries[query]!, documents[negative]!) ?? null;
        return { query, positive, negative, right, said, suspect: said.map((one) => one === true) };
      }),
    ),
  );
  const falseNegatives = truth ? judged.filter(({ right }) => right).length : null;
  const verdict = (guard: string, says: (suspect: readonly boolean[]) => boolean, unjudged = 0): Verdict => {
    const dropped = judged.filter(({ suspect }) => says(suspect));
    const right = dropped.filter((one) => one.right).length;
    const [first] = dropped;
    return {
      guard,
      dropped: dropped.length,
      unjudged,
      precision: truth && dropped.length > 0 ? right / dropped.length : null,
      recall: falseNegatives ? right / falseNegatives : null,
      example: first
        ? { query: queries[first.query]!, positive: documents[first.positive]!, negative: documents[first.negative]! }
        : null,
    };
  };
  const several = guards.length > 1;
  return {
    source: source.name,
    negatives: judged.length,
    falseNegatives,
    verdicts: [
      ...guards.map(({ name }, g) => {
        const unjudged = judged.filter(({ said }) => said[g] === undefined).length;
        return verdict(name, (suspect) => suspect[g]!, unjudged);
      }),
      ...(several
        ? [verdict('any of them', (s) => s.includes(true)), verdict('all of them', (s) => !s.includes(false))]
        : []),
    ],
    agreement: guards.flatMap((a, i) =>
      guards.slice(i + 1).flatMap((b, j) => {
        const either = judged.filter(({ suspect }) => suspect[i] || suspect[i + 1 + j]);
        const both = either.filter(({ suspect }) => suspect[i] && suspect[i + 1 + j]);
        return either.length === 0 ? [] : [{ guards: [a.name, b.name] as const, share: both.length / either.length }];
      }),
    ),
  };
}

/** The rank, from 1, of a document for a query, among all that can be its negatives; infinite below `depth`. */
async function ranksOf(source: Source, by: readonly string[], depth: number, of: (model: string) => SourceVectors) {
  const { rank } = await makeRankers(source, { by: [...by], search: 'exact', ranks: [1, depth] }, of);
  const ranks = rank(0, source.queries.length, depth).map(
    (ranked) => new Map(ranked.map(({ id }, i): [string, number] => [id, i + 1])),
  );
  return (query: number, document: number): number =>
    ranks[query]!.get(source.ids[document]!) ?? Number.POSITIVE_INFINITY;
}
