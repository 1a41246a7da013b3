import { allEnded } from '../../endpoint/all-ended.js';
import type { MiningPlan } from '../../plan/data.js';
import type { MiningGuardPlan } from '../../plan/guards.js';
import type { Source } from '../pairs.js';
import { positivesOf, unguarded } from './choose.js';
import { disposeGuards, type Guard, makeGuards, modelsOf } from './guards.js';
import { makeRankers } from './rankers.js';
import type { Truth } from './truth.js';
import { type Progress, type SourceVectors, vectorsOf } from './vectors.js';
import { type Judged, type Verdicts, verdictsOf } from './verdicts.js';

/** What guards say of the negatives that training would see. */
export interface Audit extends Verdicts {
  readonly source: string;
  readonly negatives: number;
  /** Negatives that are right answers in truth; null where truth is not known. */
  readonly falseNegatives: number | null;
  /** What the verdicts are on where mining has guards: what it would take without them. Null: on the negatives. */
  readonly candidates: { readonly number: number; readonly rightAnswers: number | null } | null;
}

/** What an audit judges by. */
export interface AuditSettings {
  readonly guards: readonly MiningGuardPlan[];
  /** Whose scores positive-margin and score-mask take. */
  readonly model: string;
  /** Whose ranking top-rank takes: bm25 and models, merged as in mining. */
  readonly by: readonly string[];
  readonly truth: Truth | null;
  /** How the negatives were mined and from what, where that was with guards or below the first rank. */
  readonly mined?: { readonly plan: MiningPlan; readonly from: Source } | null;
}

/**
 * Judges each negative of each pair by each guard; where guards had their say in mining, what it would have taken without
 * them. Models need a running backend.
 */
export async function auditSource(
  source: Source,
  { guards: plans, model, by, truth, mined }: AuditSettings,
  onProgress: Progress,
): Promise<Audit> {
  const vectors = new Map<string, SourceVectors>();
  const deepest = Math.max(0, ...plans.map((plan) => (plan.type === 'top-rank' ? plan.skip : 0)));
  const ranking = deepest > 0 || mined ? by.filter((name) => name !== 'bm25') : [];
  for (const name of new Set([...ranking, ...modelsOf(plans, model)])) {
    vectors.set(name, await vectorsOf(source, name, onProgress));
  }
  const of = (name: string): SourceVectors => vectors.get(name) as SourceVectors;
  const asked = mined ? await withCandidates(mined.from, mined.plan, of) : source;
  const rankOf = deepest > 0 ? await ranksOf(asked, by, deepest, of) : () => Number.POSITIVE_INFINITY;
  const guards = await makeGuards(plans, asked, model, of);
  try {
    const judged = await judge(guards, asked, truth, rankOf, onProgress);
    const rightAnswers = truth && judged.filter(({ right }) => right).length;
    return {
      source: source.name,
      ...(mined
        ? { ...countNegatives(source, truth), candidates: { number: judged.length, rightAnswers } }
        : { negatives: judged.length, falseNegatives: rightAnswers, candidates: null }),
      ...verdictsOf(guards, asked, judged, rightAnswers),
    };
  } finally {
    disposeGuards(guards);
  }
}

/** What each guard says of each negative of each pair. */
async function judge(
  guards: readonly Guard[],
  source: Source,
  truth: Truth | null,
  rankOf: (query: number, document: number) => number,
  onProgress: Progress,
): Promise<Judged[]> {
  const { queries, documents, pairs } = source;
  const positives = positivesOf(source);
  const total = pairs.reduce((sum, { negatives }) => sum + negatives.length, 0);
  let done = 0;
  return allEnded(
    pairs.flatMap(({ query, positive, negatives }) =>
      negatives.map(async (negative) => {
        const about = [query, positives[query]!, negative, rankOf(query, negative)] as const;
        const said = await allEnded(guards.map(async (guard) => guard.suspects(...about)));
        onProgress(`judging ${source.name}`, ++done, total);
        const right = truth?.(queries[query]!, documents[negative]!) ?? null;
        return { query, positive, negative, right, said, suspect: said.map((one) => one === true) };
      }),
    ),
  );
}

/** A source with what mining would take without guards for negatives. */
async function withCandidates(source: Source, plan: MiningPlan, of: (model: string) => SourceVectors): Promise<Source> {
  const found = await unguarded(source, plan, of);
  return { ...source, pairs: source.pairs.map((pair) => ({ ...pair, negatives: found[pair.query]! })) };
}

function countNegatives({ pairs, queries, documents }: Source, truth: Truth | null) {
  const all = pairs.flatMap(({ query, negatives }) => negatives.map((n) => [queries[query]!, documents[n]!] as const));
  const falseNegatives = truth ? all.filter(([query, document]) => truth(query, document)).length : null;
  return { negatives: all.length, falseNegatives };
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
