import { Fault } from '../../plan/fault.js';
import type { GuardPlan } from '../../plan/guards.js';
import { readCollection } from '../beir.js';
import type { Source } from '../pairs.js';
import { makeGuards } from './guards.js';
import { type Progress, type SourceVectors, vectorsOf } from './vectors.js';

/** What one guard says of a source's negatives. */
interface Verdict {
  readonly guard: string;
  /** Negatives that it would leave out. */
  readonly dropped: number;
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

/** Judges each negative of each pair by each guard. Models need a running backend. */
export async function auditSource(
  source: Source,
  plans: readonly GuardPlan[],
  model: string,
  truth: Truth | null,
  onProgress: Progress,
): Promise<Audit> {
  const vectors = new Map<string, SourceVectors>();
  const models = plans.flatMap((plan) => {
    if (plan.type === 'same-text') return [];
    return plan.type === 'guide' ? [plan.model] : [model];
  });
  for (const name of new Set(models)) vectors.set(name, await vectorsOf(source, name, onProgress));
  const guards = makeGuards(plans, source, model, (name) => vectors.get(name) as SourceVectors);
  const { queries, documents } = source;
  const positives: number[][] = queries.map(() => []);
  for (const { query, positive } of source.pairs) positives[query]!.push(positive);
  const judged = source.pairs.flatMap(({ query, positive, negatives }) =>
    negatives.map((negative) => ({
      query,
      positive,
      negative,
      right: truth?.(queries[query]!, documents[negative]!) ?? null,
      suspect: guards.map((guard) => guard.suspects(query, positives[query]!, negative)),
    })),
  );
  const falseNegatives = truth ? judged.filter(({ right }) => right).length : null;
  const verdict = (guard: string, says: (suspect: readonly boolean[]) => boolean): Verdict => {
    const dropped = judged.filter(({ suspect }) => says(suspect));
    const right = dropped.filter((one) => one.right).length;
    const [first] = dropped;
    return {
      guard,
      dropped: dropped.length,
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
      ...guards.map(({ name }, g) => verdict(name, (suspect) => suspect[g]!)),
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
