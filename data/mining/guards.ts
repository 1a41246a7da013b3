import type { MiningGuardPlan } from '../../plan/guards.js';
import { modelName } from '../../plan/run-layout.js';
import { nearlySame, normalized } from '../inspect/near-texts.js';
import type { Source } from '../pairs.js';
import { type Judge, relabelGuard } from './relabel.js';
import { truthGuard } from './truth.js';
import { type SourceVectors, scoreOf } from './vectors.js';

/** Judges negatives of a source: which may be right answers in truth. */
export interface Guard {
  /** In tables: `positive-margin 0.95`. */
  readonly name: string;
  /** Whether what is suspect becomes a positive of its query. */
  readonly relabels?: boolean;
  /** The model that judges, where it is one that reads query and document together. */
  readonly judge?: Judge;
  /**
   * Whether a document is suspect as a negative of a query whose right answers are `positives`; undefined where the guard
   * cannot say. `rank` is the document's, from 1, among all that can be the query's negatives.
   */
  suspects(
    query: number,
    positives: readonly number[],
    document: number,
    rank: number,
  ): boolean | Promise<boolean | undefined>;
  dispose?(): void;
}

/** The models whose vectors guards need: the mining model where its own scores are judged by, and guides. */
export function modelsOf(plans: readonly MiningGuardPlan[], model: string): string[] {
  return plans.flatMap((plan) => {
    if (plan.type === 'guide') return [plan.model];
    return plan.type === 'positive-margin' || plan.type === 'score-mask' ? [model] : [];
  });
}

/**
 * The guards of a plan, for judging a source's negatives; the same names as in the loss. Scores are of the models'
 * vectors: the mining model's for positive-margin and score-mask, its own for a guide. Of several positives the
 * best-scoring counts. Whoever makes them disposes them.
 * @param vectorsOf a model's vectors of this source
 */
export async function makeGuards(
  plans: readonly MiningGuardPlan[],
  source: Source,
  model: string,
  vectorsOf: (model: string) => SourceVectors,
): Promise<Guard[]> {
  const guardOf = (plan: MiningGuardPlan): Guard | Promise<Guard> => {
    switch (plan.type) {
      case 'same-text':
        return sameText(source);
      case 'positive-margin':
        return byScore(nameOf('positive-margin', plan), vectorsOf(model), plan);
      case 'guide':
        return byScore(nameOf(`guide ${modelName(plan.model)}`, plan), vectorsOf(plan.model), plan);
      case 'score-mask':
        return scoreMask(vectorsOf(model), plan.above);
      case 'top-rank':
        return { name: `top-rank ${plan.skip}`, suspects: (_query, _positives, _document, rank) => rank <= plan.skip };
      case 'relabel':
        return relabelGuard(plan, source);
      case 'truth':
        return truthGuard(plan, source);
    }
  };
  const guards: Guard[] = [];
  try {
    for (const plan of plans) guards.push(await guardOf(plan));
  } catch (error) {
    disposeGuards(guards);
    throw error;
  }
  return guards;
}

/** Frees models that were opened to judge. */
export function disposeGuards(guards: readonly Guard[]): void {
  for (const guard of guards) guard.dispose?.();
}

function scoreMask(vectors: SourceVectors, above: number): Guard {
  return {
    name: `score-mask ${above}`,
    suspects: (query, _positives, document) => scoreOf(vectors, query, document) >= above,
  };
}

type Bound = { readonly ratio: number | null; readonly margin: number | null };

function nameOf(name: string, { ratio, margin }: Bound): string {
  if (ratio !== null) return `${name} ${ratio}`;
  return margin === null ? name : `${name} ${margin < 0 ? '−' : '+'}${Math.abs(margin)}`;
}

/** NV-Retriever's positive-aware mask (ratio) and GISTEmbed's guide: the bound is the positive's score, moved. */
function byScore(name: string, vectors: SourceVectors, { ratio, margin }: Bound): Guard {
  return {
    name,
    suspects(query, positives, document) {
      const best = Math.max(...positives.map((positive) => scoreOf(vectors, query, positive)));
      const score = scoreOf(vectors, query, document);
      return ratio === null ? score > best + (margin ?? 0) : score >= ratio * best;
    },
  };
}

/** The query itself, or a text that is the same as a positive or nearly so. */
function sameText({ queries, documents }: Source): Guard {
  return {
    name: 'same-text',
    suspects(query, positives, document) {
      const text = documents[document]!;
      const plain = normalized(text);
      return (
        plain === normalized(queries[query]!) ||
        positives.some((positive) => {
          const answer = documents[positive]!;
          return normalized(answer) === plain || nearlySame(answer, text);
        })
      );
    },
  };
}
