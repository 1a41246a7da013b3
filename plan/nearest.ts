import { distance } from 'fastest-levenshtein';

/** The candidate a person most likely meant, or undefined where none is near; case, `-` and `_` weigh nothing. */
export function nearest(given: string, candidates: readonly string[]): string | undefined {
  const plain = (text: string) => text.toLowerCase().replaceAll(/[-_ ]/g, '');
  const word = plain(given);
  // A third of the letters may be wrong (two letters that changed places count as two).
  let best = Math.ceil(word.length / 3) + 1;
  let found: string | undefined;
  for (const candidate of candidates) {
    const far = distance(word, plain(candidate));
    if (far < best) [best, found] = [far, candidate];
  }
  return word === '' ? undefined : found;
}

/** ` Did you mean "x"?`, or an empty text where nothing is near. */
export function didYouMean(given: string, candidates: readonly string[]): string {
  const meant = nearest(given, candidates);
  return meant === undefined ? '' : ` Did you mean "${meant}"?`;
}
