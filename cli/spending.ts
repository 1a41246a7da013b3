import type { PairEffort } from '../data/relevance/pair-scorer.js';
import type { Spent } from '../endpoint/budget.js';

/** What a command used up at an endpoint, on a line. */
export function spending({ requests, cached, retries, tokens, money }: Spent): string {
  const price = money === null ? '' : `, ${money.toFixed(4)} by the plan’s price`;
  return `${requests} requests (${retries} of them again), ${cached} answers from the cache, ${tokens.input} tokens in, ${tokens.output} out${price}`;
}

/** What a cross-encoder read on this machine, on a line. */
export function reading({ pairs, seconds, cached }: PairEffort): string {
  const speed =
    pairs > 0 ? ` in ${seconds.toFixed(1)} s on this machine, ${(pairs / seconds).toFixed(1)} a second` : '';
  return `${pairs} pairs read${speed}, ${cached} scores from the cache`;
}
