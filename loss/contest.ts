import { slice, type Tensor2D } from '@tensorflow/tfjs-core';
import type { LossInput } from './loss.js';

/** A batch seen from one side: each anchor has to find its own positive among the candidates. */
export interface Contest {
  readonly anchors: Tensor2D;
  /** The anchors' positives in their order, then whatever else competes. */
  readonly candidates: Tensor2D;
  readonly texts: { readonly anchors: Int32Array; readonly candidates: Int32Array };
  readonly guides: readonly { readonly anchors: Tensor2D; readonly candidates: Tensor2D }[];
}

/** Queries that look for their documents among all of the batch. */
export function queriesFirst({ queries, documents, texts, guides }: LossInput): Contest {
  return {
    anchors: queries,
    candidates: documents,
    texts: { anchors: texts.queries, candidates: texts.documents },
    guides: guides.map((guide) => ({ anchors: guide.queries, candidates: guide.documents })),
  };
}

/** Positives that look for their queries among all queries. */
export function positivesFirst(input: LossInput): Contest {
  const { queries, texts, guides } = input;
  const positives = (documents: Tensor2D): Tensor2D => slice(documents, [0, 0], [queries.shape[0], -1]);
  return {
    anchors: positives(input.documents),
    candidates: queries,
    texts: { anchors: texts.documents.subarray(0, queries.shape[0]), candidates: texts.queries },
    guides: guides.map((guide) => ({ anchors: positives(guide.documents), candidates: guide.queries })),
  };
}
