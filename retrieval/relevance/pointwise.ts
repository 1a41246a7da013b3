import type { Answer } from '../../endpoint/chat.js';

/** The lowest and the highest score. */
export type Scale = readonly [number, number];

/**
 * The score that an answer gives: its last whole number, if that is on the scale ("3", "Score: 3", "3/5" with a scale
 * up to 5 is 3). Undefined for an answer without one.
 */
export function integerScore({ text }: Pick<Answer, 'text'>, [low, high]: Scale): number | undefined {
  const numbers = text
    .replaceAll(new RegExp(`\\s*(?:/|out of)\\s*${high}(?![\\d.])`, 'g'), '')
    .match(/-?\d+(?:\.\d+)?/g);
  const last = Number(numbers?.at(-1) ?? Number.NaN);
  return Number.isInteger(last) && last >= low && last <= high ? last : undefined;
}

/**
 * The mean of the scores on the scale that the first token might have been, weighted by their probabilities: a score
 * without ties, from the same one token. Undefined where no alternative is a score.
 */
export function expectedScore({ alternatives }: Pick<Answer, 'alternatives'>, [low, high]: Scale): number | undefined {
  let [weights, sum] = [0, 0];
  for (const { token, logprob } of alternatives) {
    const score = /^\s*-?\d+\s*$/.test(token) ? Number(token) : Number.NaN;
    if (!(score >= low && score <= high)) continue;
    const weight = Math.exp(logprob);
    weights += weight;
    sum += weight * score;
  }
  return weights === 0 ? undefined : sum / weights;
}
