import { Fault } from '../plan/fault.js';
import type { Prices } from '../plan/prices.js';
import { type Result, titleOf } from './result.js';

/** A way to answer queries, and what 1,000 of them cost. */
interface CostRow {
  readonly what: string;
  readonly money: number;
  /** Tokens of a query that are paid for by the million. */
  readonly tokens: number;
  /** How many times the first row's money. */
  readonly times: number;
}

export interface CostTable {
  readonly set: string;
  readonly rows: readonly CostRow[];
  /** All that the numbers rest on, a line each. */
  readonly assumptions: readonly string[];
}

type Measured = Result & { readonly cost: NonNullable<Result['cost']> };

/** What a system's work for 1,000 queries costs, and its paid tokens a query; undefined where nothing was measured. */
export function queryCost(
  { cost, queries }: Result,
  prices: Prices,
): { readonly money: number; readonly tokens: number } | undefined {
  if (cost === undefined) return undefined;
  const { encoder, rewriterInput, rewriterOutput } = cost.tokensPerQuery;
  const [input, output] = [rewriterInput ?? 0, rewriterOutput ?? 0];
  const embedded = cost.where === 'endpoint' ? (encoder ?? 0) : 0;
  // Waiting for a server is not the machine's work.
  const seconds = (cost.where === 'machine' ? cost.seconds.queries : 0) + cost.seconds.search;
  const machine = (seconds / queries / 3600) * prices.machine_per_hour;
  const { language_model_per_million: model, embeddings_per_million: embeddings } = prices;
  const paid = (embedded * embeddings + input * model.input + output * model.output) / 1e6;
  return { money: 1000 * (machine + paid), tokens: embedded + input + output };
}

/** What making a system's index costs, once; undefined where nothing was measured. */
export function indexCost({ cost }: Result, prices: Prices): number | undefined {
  if (cost === undefined) return undefined;
  if (cost.where === 'machine') return (cost.seconds.documents / 3600) * prices.machine_per_hour;
  return ((cost.documentTokens ?? 0) * prices.embeddings_per_million) / 1e6;
}

/**
 * For every set: each system alone, each with a cross-encoder or a language model that reranks its best at the price
 * file's depths, and a web search, per 1,000 queries.
 *
 * @throws Fault where no result has a measured cost, or the length of texts is neither counted nor given.
 */
export function costTables(results: readonly Result[], prices: Prices): CostTable[] {
  const measured = results.filter((result): result is Measured => result.cost !== undefined);
  if (measured.length === 0) {
    throw new Fault('Expected results with a measured cost for --cost, got none. Run eval with models and --out anew.');
  }
  return [...new Set(measured.map(titleOf))].map((set) =>
    tableOf(
      set,
      measured.filter((result) => titleOf(result) === set),
      prices,
    ),
  );
}

function tableOf(set: string, here: readonly Measured[], prices: Prices): CostTable {
  const { reranking, language_model_per_million: model, web_search_per_thousand: fee, currency } = prices;
  const [query, document] = [
    textTokens('query', reranking.query_tokens, here, ({ cost }) => cost.tokensPerQuery.encoder),
    textTokens('document', reranking.document_tokens, here, ({ cost, documents }) =>
      cost.documentTokens === null ? null : cost.documentTokens / (documents ?? 1),
    ),
  ];
  const input = reranking.prompt_tokens + query.tokens + document.tokens;
  const each = (input * model.input + reranking.answer_tokens * model.output) / 1e6;
  const pairsPerSecond = reranking.cross_encoder_pairs_per_second;
  const rows = here.flatMap((result) => {
    const alone = queryCost(result, prices)!;
    const reranked = reranking.depths.map((depth) => ({
      what: `${result.system}, best ${depth} reranked`,
      money: alone.money + 1000 * depth * each,
      tokens: alone.tokens + depth * (input + reranking.answer_tokens),
    }));
    const crossed =
      pairsPerSecond === null
        ? []
        : reranking.depths.map((depth) => ({
            what: `${result.system}, best ${depth} by a cross-encoder`,
            money: alone.money + 1000 * depth * (prices.machine_per_hour / 3600 / pairsPerSecond),
            tokens: alone.tokens,
          }));
    return [{ what: result.system, ...alone }, ...crossed, ...reranked];
  });
  const all = fee === null ? rows : [...rows, { what: 'web search', money: fee, tokens: 0 }];
  const first = all[0]!.money;
  const number = (value: number): string => (Number.isInteger(value) ? `${value}` : value.toFixed(1));
  return {
    set,
    rows: all.map((row) => ({ ...row, times: row.money / first })),
    assumptions: [
      `the machine that embeds and searches: ${prices.machine_per_hour} ${currency} an hour, at the speed that was measured, all queries at once`,
      `embeddings of a server: ${prices.embeddings_per_million} ${currency} a million tokens`,
      `the language model: ${model.input} in and ${model.output} out, ${currency} a million tokens`,
      `a document reranked: ${reranking.prompt_tokens} tokens of prompt, ${number(query.tokens)} of query (${query.from}), ` +
        `${number(document.tokens)} of document (${document.from}), ${reranking.answer_tokens} of answer; the reranker's own seconds are not counted`,
      ...(pairsPerSecond === null
        ? []
        : [
            `a cross-encoder: ${number(pairsPerSecond)} pairs a second on that machine (the price file), the machine's hour alone`,
          ]),
      ...(fee === null
        ? []
        : [`web search: the fee of ${fee} ${currency} for 1,000 queries, without reading what it finds`]),
    ],
  };
}

/** How long a text is in the mean: as the price file says, or as an encoder counted it. */
function textTokens(
  what: 'query' | 'document',
  given: number | null,
  here: readonly Measured[],
  counted: (result: Measured) => number | null,
): { readonly tokens: number; readonly from: string } {
  if (given !== null) return { tokens: given, from: 'the price file' };
  for (const result of here) {
    const tokens = counted(result);
    if (tokens !== null) return { tokens, from: `counted by ${result.system}` };
  }
  throw new Fault(
    `Expected the tokens of a ${what}, got no system that counted them. Set reranking.${what}_tokens in the price file.`,
  );
}
