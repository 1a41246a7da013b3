import { evaluate, type Measure } from '../../retrieval/metrics.js';
import type { Qrels, Run } from '../../retrieval/ranking.js';
import { chooseWeight, type Interpolated } from '../interpolate.js';
import { countTies, type TieCount, type TiePolicies, tiePolicies } from '../ties.js';

/** What a reranker's scores are worth, apart from the luck of their ties. */
export interface RerankReport {
  readonly measure: string;
  /** Judged queries. */
  readonly queries: number;
  readonly ties: TieCount;
  /** The measure of the retriever's own ranking. */
  readonly retriever: number;
  readonly policies: TiePolicies;
  readonly interpolated: Interpolated;
}

/** @throws Fault as {@link chooseWeight} */
export function reportReranking(
  reranked: Run,
  retriever: Run,
  { qrels, dev, measure }: { readonly qrels: Qrels; readonly dev: Qrels | null; readonly measure: Measure },
): RerankReport {
  const judged = new Map([...reranked].filter(([query]) => qrels.has(query)));
  return {
    measure: measure.name,
    queries: qrels.size,
    ties: countTies(judged),
    retriever: evaluate(retriever, qrels, [measure]).get(measure.name)!.mean,
    policies: tiePolicies(judged, retriever, qrels, measure),
    interpolated: chooseWeight(reranked, retriever, qrels, measure, dev),
  };
}
