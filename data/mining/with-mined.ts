import type { Pair, Source } from '../pairs.js';
import type { MinedPlaces } from './mined-file.js';

/**
 * A source with what was mined for it: its pairs with these negatives, and after them a pair for each document that was
 * found to be a right answer, which can be no negative any more.
 */
export function withMined(source: Source, mined: readonly MinedPlaces[]): Source {
  const { pairs, labelOf, barred, ids } = source;
  const known = pairs.map(({ query, positive }): Pair => ({ query, positive, negatives: mined[query]!.negatives }));
  const found = mined.flatMap(({ negatives, positives }, query) =>
    positives.map((positive): Pair => ({ query, positive, negatives })),
  );
  if (found.length === 0) return { ...source, pairs: known };
  const example = new Map(pairs.map(({ query }, pair) => [query, pair]));
  return {
    ...source,
    pairs: [...known, ...found],
    barred: barred.map((own, query) => [...own, ...mined[query]!.positives.map((place) => ids[place]!)]),
    labelOf: (i) => {
      const added = found[i - pairs.length];
      return added ? `${labelOf(example.get(added.query)!)}, relabelled ${ids[added.positive]}` : labelOf(i);
    },
  };
}
