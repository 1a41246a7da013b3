import type { Spent } from '../endpoint/budget.js';

/** What a command used up at an endpoint, on a line. */
export function spending({ requests, cached, retries, tokens, money }: Spent): string {
  const price = money === null ? '' : `, ${money.toFixed(4)} by the plan’s price`;
  return `${requests} requests (${retries} of them again), ${cached} answers from the cache, ${tokens.input} tokens in, ${tokens.output} out${price}`;
}
