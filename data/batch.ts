import type { EncoderSettings } from '../encoder/settings.js';
import type { Tokenizer } from '../encoder/tokenizer.js';
import type { RunPlan } from '../plan/schema.js';
import { Mixture } from './mixture.js';
import type { Pair, Source } from './pairs.js';
import { hash32 } from './permutation.js';
import { tokenize } from './token-cache.js';

/** The token ids of one optimizer step. */
export interface Batch {
  readonly queries: readonly Int32Array[];
  /** The positives in the queries' order, then the first query's hard negatives, the second's, … */
  readonly documents: readonly Int32Array[];
  /** The source, or "mixed". */
  readonly source: string;
  readonly tokens: number;
  /** Which pairs these are, for an error message. */
  describe(): string;
}

/** All batches of a training run; batch s is made when asked for and depends on nothing but the plan and s. */
export interface Batches {
  /** Pairs in one epoch. */
  readonly epoch: number;
  at(step: number): Batch;
}

/** Tokenizes the sources and lays out their mixture. */
export function makeBatches(
  sources: readonly Source[],
  plan: RunPlan,
  { tokenizer, settings }: { tokenizer: Tokenizer; settings: EncoderSettings },
): Batches {
  const mixture = new Mixture(sources, {
    seed: plan.seed,
    batchSize: plan.train.batch_size,
    batches: plan.data.batches,
  });
  const tokens = sources.map(({ queries, documents }) => ({
    queries: tokenize(queries, { tokenizer, prompt: settings.prompt.query, maxLength: settings.max_length.query }),
    documents: tokenize(documents, {
      tokenizer,
      prompt: settings.prompt.document,
      maxLength: settings.max_length.document,
    }),
  }));
  return {
    epoch: mixture.size,
    at: (step) => {
      const picks = mixture.batch(step).map((pick) => ({
        ...pick,
        of: tokens[pick.source]!,
        chosen: sources[pick.source]!.pairs[pick.pair] as Pair,
      }));
      const queries = picks.map(({ of, chosen }) => of.queries[chosen.query] as Int32Array);
      const positives = picks.map(({ of, chosen }) => of.documents[chosen.positive] as Int32Array);
      const negatives = picks.flatMap(({ of, chosen, source, pair, epoch }) =>
        chooseNegatives(chosen.negatives, plan, [source, pair, epoch]).map((i) => of.documents[i] as Int32Array),
      );
      const documents = [...positives, ...negatives];
      const names = new Set(picks.map(({ source }) => sources[source]!.name));
      return {
        queries,
        documents,
        source: names.size === 1 ? ([...names][0] as string) : 'mixed',
        tokens: [...queries, ...documents].reduce((sum, { length }) => sum + length, 0),
        describe: () =>
          picks.map(({ source, pair }) => `${sources[source]!.name}: ${sources[source]!.labelOf(pair)}`).join(', '),
      };
    },
  };
}

/** The first of a pair's negatives, or a draw without repetition that is new in each epoch. */
function chooseNegatives(negatives: readonly number[], plan: RunPlan, where: readonly number[]): number[] {
  const { per_query: wanted, choose } = plan.data.negatives;
  if (choose === 'first') return negatives.slice(0, wanted);
  const drawn = negatives.map((negative, i) => ({ negative, key: hash32(plan.seed, 0x6e6567, ...where, i) }));
  drawn.sort((a, b) => a.key - b.key);
  return drawn.slice(0, wanted).map(({ negative }) => negative);
}
