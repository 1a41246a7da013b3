import { allEnded } from '../../endpoint/all-ended.js';
import type { MiningPlan } from '../../plan/data.js';
import type { MiningGuardPlan } from '../../plan/guards.js';
import type { Source } from '../pairs.js';
import { positivesOf, unguarded } from './choose.js';
import { makeGuards, modelsOf } from './guards.js';
import { makeRankers } from './rankers.js';
import type { Truth } from './truth.js';
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
  /** One that no other guard would leave out, where there is one. */
  readonly example: { readonly query: string; readonly positive: string; readonly negative: string } | null;
}

/** What guards say of the negatives that training would see. */
export interface Audit {
  readonly source: string;
  readonly negatives: number;
  /** Negatives that are right answers in truth; null where truth is not known. */
  readonly falseNegatives: number | null;
  /** What the verdicts are on where mining has guards: what it would take without them. Null: on the negatives. */
  readonly candidates: { readonly number: number; readonly rightAnswers: number | null } | null;
  /** Each guard, then `any of them` and `all of them` where there are several. */
  readonly verdicts: readonly Verdict[];
  /** Of the negatives that either of two guards would leave out, the share that both would. */
  readonly agreement: readonly { readonly guards: readonly [string, string]; readonly share: number }[];
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
  const guards = makeGuards(plans, asked, model, of);
  const rankOf = deepest > 0 ? await ranksOf(asked, by, deepest, of) : () => Number.POSITIVE_INFINITY;
  const { queries, documents } = asked;
  const positives = positivesOf(asked);
  const judged = await allEnded(
    asked.pairs.flatMap(({ query, positive, negatives }) =>
      negatives.map(async (negative) => {
        const about = [query, positives[query]!, negative, rankOf(query, negative)] as const;
        const said = await allEnded(guards.map(async (guard) => guard.suspects(...about)));
        const right = truth?.(queries[query]!, documents[negative]!) ?? null;
        return { query, positive, negative, right, said, suspect: said.map((one) => one === true) };
      }),
    ),
  );
  const falseNegatives = truth ? judged.filter(({ right }) => right).length : null;
  const verdict = (guard: string, says: (suspect: readonly boolean[]) => boolean, unjudged = 0): Verdict => {
    const dropped = judged.filter(({ suspect }) => says(suspect));
    const right = dropped.filter((one) => one.right).length;
    const first = dropped.find(({ suspect }) => suspect.filter(Boolean).length === 1) ?? dropped[0];
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
    ...(mined
      ? { ...countNegatives(source, truth), candidates: { number: judged.length, rightAnswers: falseNegatives } }
      : { negatives: judged.length, falseNegatives, candidates: null }),
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
