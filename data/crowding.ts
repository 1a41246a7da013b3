import type { Mixture, Pick } from './mixture.js';
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
  return told(name, Math.max(over(ofQueries), over(ofDocuments)), pairs.length, batches);
}

/**
 * The same of mixed batches, where one text may be in pairs of several sources, and a source's pairs may come several
 * times in a pass over all: the first pass is drawn and counted.
 * @param textsOf numbers of a pair's query and positive, equal for equal texts
 */
export function crowdingOfMixed(
  mixture: Mixture,
  batchSize: number,
  textsOf: (pick: Pick) => readonly [query: number, positive: number],
): string | null {
  const { size } = mixture;
  const batches = Math.ceil(size / batchSize);
  const [ofQueries, ofPositives] = [new Map<number, number>(), new Map<number, number>()];
  const count = (counts: Map<number, number>, text: number) => counts.set(text, (counts.get(text) ?? 0) + 1);
  for (let turn = 0; turn < batches; turn++) {
    for (const pick of mixture.draw({ part: -1, turn }).slice(0, size - turn * batchSize)) {
      const [query, positive] = textsOf(pick);
      count(ofQueries, query);
      count(ofPositives, positive);
    }
  }
  const over = (counts: ReadonlyMap<number, number>): number =>
    [...counts.values()].reduce((sum, n) => sum + Math.max(0, n - batches), 0);
  return told('mixed batches', Math.max(over(ofQueries), over(ofPositives)), size, batches);
}

function told(name: string, left: number, pairs: number, batches: number): string | null {
  if (left === 0) return null;
  return (
    `${name}: at least ${left} of ${pairs} pairs are left out of each pass, and their batches are smaller: a batch ` +
    `holds a text once, and these texts are in more pairs than the ${batches} batches of a pass. A smaller train.batch_size takes more of them.`
  );
}
