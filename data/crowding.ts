import type { Source } from './pairs.js';

/**
 * What to tell of a source whose one text is in more pairs than a pass has batches: a batch holds a text once, so some of
 * these pairs are left out of every pass. Null where all find room.
 */
export function crowdingOf({ name, pairs, queries, documents }: Source, batchSize: number): string | null {
  const batches = Math.ceil(pairs.length / batchSize);
  const [ofQueries, ofDocuments] = [new Uint32Array(queries.length), new Uint32Array(documents.length)];
  for (const { query, positive } of pairs) {
    ofQueries[query]!++;
    ofDocuments[positive]!++;
  }
  const over = (counts: Uint32Array): number => counts.reduce((sum, n) => sum + Math.max(0, n - batches), 0);
  const left = Math.max(over(ofQueries), over(ofDocuments));
  if (left === 0) return null;
  return (
    `${name}: at least ${left} of ${pairs.length} pairs are left out of each pass, and their batches are smaller: a batch ` +
    `holds a text once, and these texts are in more pairs than the ${batches} batches of a pass. A smaller train.batch_size takes more of them.`
  );
}
