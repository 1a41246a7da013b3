import { Bm25 } from '../retrieval/bm25.js';
import type { Source } from './pairs.js';

/**
 * Hard negatives by BM25 over the source's own documents: for each query those from rank `first` to `last` (1-based,
 * counted after its positives and excluded documents are left out), best first, as places in the documents.
 */
export function mineBm25(
  { queries, documents, ids, barred }: Pick<Source, 'queries' | 'documents' | 'ids' | 'barred'>,
  [first, last]: readonly [number, number],
): number[][] {
  const index = new Bm25({ ids, texts: documents });
  const places = new Map(ids.map((id, place) => [id, place]));
  return queries.map((query, i) =>
    index
      .search(query, last, barred[i] ?? [])
      .slice(first - 1)
      .map(({ id }) => places.get(id) as number),
  );
}
