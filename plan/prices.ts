import { z } from 'zod';
import { count } from './endpoint.js';
import { readPlanOf } from './read.js';

const money = z.number().nonnegative();

const pricesSchema = z.strictObject({
  currency: z.string().min(1).default('USD'),
  /** An hour of the machine that embeds and searches. */
  machine_per_hour: money,
  /** A server of embeddings, a million tokens. */
  embeddings_per_million: money,
  /** The language model that rewrites and reranks, a million tokens. */
  language_model_per_million: z.strictObject({ input: money, output: money }),
  reranking: z
    .strictObject({
      depths: z.array(count).min(1).default([10, 100]),
      /** Tokens of the prompt without query and document, and of an answer. */
      prompt_tokens: z.int().nonnegative().default(150),
      answer_tokens: z.int().nonnegative().default(2),
      /** Null: as the encoder counted them, in the mean. */
      query_tokens: count.nullable().default(null),
      document_tokens: count.nullable().default(null),
      /** Of a cross-encoder on the machine, as `rerank` measures it; null: not compared. */
      cross_encoder_pairs_per_second: z.number().positive().nullable().default(null),
    })
    .prefault({}),
  /** A search engine's fee for a thousand queries; null: not compared. */
  web_search_per_thousand: money.nullable().default(null),
});

/** What things cost, as the user's YAML file says. */
export type Prices = z.output<typeof pricesSchema>;

/** Reads one from YAML. Throws one Fault that names all that is wrong, a line each. */
export function readPrices(file: string): Prices {
  return readPlanOf(pricesSchema, file);
}

/** What so many seconds of the machine cost, in the prices' currency. */
export function machineCost({ machine_per_hour }: Prices, seconds: number): number {
  return (seconds / 3600) * machine_per_hour;
}

/** How many digits behind the point tell amounts apart, of which this is the largest: of less than one, four. */
export function costDigits(largest: number): number {
  return largest < 1 ? 4 : 2;
}
