import type { SourcePlan } from '../plan/data.js';
import type { Source } from './pairs.js';

/** A source, or a band of it: what a mixture weighs. */
export interface Part extends Source {
  /** The source's own name, which differs for a band. */
  readonly source: string;
  readonly count?: number | undefined;
}

/**
 * A source as the parts of a mixture: itself, or bands by difficulty, the easiest first. By length: its pairs, the
 * shortest (characters of query and positive) first. By negative rank: all its pairs in each band, the first with the
 * last of their negatives, the last with the first, which are the hardest. A band's weight is its share of the source's.
 */
export function partsOf(source: Source, { bands, count }: Pick<SourcePlan, 'bands' | 'count'>): Part[] {
  const { name, weight, pairs, queries, documents, labelOf } = source;
  if (!bands) return [{ ...source, source: name, count }];
  const { by, into } = bands;
  const shared = { weight: weight / into, source: name, count: count && Math.ceil(count / into) };
  const named = (band: number): string => `${name}/${band + 1}`;
  if (by === 'negative-rank') {
    return Array.from({ length: into }, (_, band) => ({
      ...source,
      ...shared,
      name: named(band),
      pairs: pairs.map((pair) => {
        const { negatives } = pair;
        const end = Math.ceil((negatives.length * (into - band)) / into);
        const { scores: _, ...rest } = pair;
        return { ...rest, negatives: negatives.slice(Math.floor((negatives.length * (into - band - 1)) / into), end) };
      }),
    }));
  }
  const length = pairs.map(({ query, positive }) => queries[query]!.length + documents[positive]!.length);
  const order = [...pairs.keys()].sort((a, b) => length[a]! - length[b]! || a - b);
  return Array.from({ length: into }, (_, band) => {
    const [from, end] = [band, band + 1].map((n) => Math.round((order.length * n) / into));
    const own = order.slice(from, end);
    return {
      ...source,
      ...shared,
      name: named(band),
      pairs: own.map((i) => pairs[i]!),
      labelOf: (i: number) => labelOf(own[i]!),
    };
  });
}
