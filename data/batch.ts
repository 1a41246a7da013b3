import type { Side } from '../encoder/encoder.js';
import type { EncoderSettings } from '../encoder/settings.js';
import type { Tokenizer } from '../encoder/tokenizer.js';
import type { RunPlan } from '../plan/schema.js';
import { Mixture } from './mixture.js';
import { asked, type Pair, type Source } from './pairs.js';
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
  /** A teacher's scores, row by row [queries, 1 + negatives], the positive's first; null where a pair carries none. */
  readonly scores: Float32Array | null;
  /** The texts behind the token ids, in their order, for a model that reads them otherwise. */
  texts(): { queries: string[]; documents: string[] };
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
  const tokens = sources.map(({ queries, instructions, documents, maxLength }) => {
    const howOf = (side: Side) => ({
      tokenizer,
      prompt: settings.prompt[side],
      maxLength: maxLength[side] ?? settings.max_length[side],
    });
    return {
      queries: tokenize(
        queries.map((text, i) => asked(instructions[i] as string, text)),
        howOf('query'),
      ),
      documents: tokenize(documents, howOf('document')),
    };
  });
  return {
    epoch: mixture.size,
    at: (step) => {
      const picks = mixture.batch(step).map(({ source, pair, epoch }) => {
        const { negatives, ...chosen } = sources[source]!.pairs[pair] as Pair;
        const places = chooseNegatives(negatives.length, plan, [source, pair, epoch]);
        return { ...chosen, source, pair, places, negatives: places.map((i) => negatives[i] as number) };
      });
      /** What `of` gives for each positive, then for the first pair's negatives, the second's, … */
      const ofDocuments = <T>(of: (source: number, document: number) => T): T[] => [
        ...picks.map(({ source, positive }) => of(source, positive)),
        ...picks.flatMap(({ source, negatives }) => negatives.map((i) => of(source, i))),
      ];
      const queries = picks.map(({ source, query }) => tokens[source]!.queries[query] as Int32Array);
      const documents = ofDocuments((source, i) => tokens[source]!.documents[i] as Int32Array);
      const scores = picks.flatMap(({ scores, places }) =>
        scores ? [scores.positive, ...places.map((i) => scores.negatives[i] as number)] : [],
      );
      const names = new Set(picks.map(({ source }) => sources[source]!.name));
      return {
        queries,
        documents,
        source: names.size === 1 ? ([...names][0] as string) : 'mixed',
        tokens: [...queries, ...documents].reduce((sum, { length }) => sum + length, 0),
        scores: scores.length === documents.length ? Float32Array.from(scores) : null,
        texts: () => ({
          queries: picks.map(({ source, query }) => sources[source]!.queries[query] as string),
          documents: ofDocuments((source, i) => sources[source]!.documents[i] as string),
        }),
        describe: () =>
          picks.map(({ source, pair }) => `${sources[source]!.name}: ${sources[source]!.labelOf(pair)}`).join(', '),
      };
    },
  };
}

/** Places of the first of a pair's negatives, or of a draw without repetition that is new in each epoch. */
function chooseNegatives(available: number, plan: RunPlan, where: readonly number[]): number[] {
  const { per_query: wanted, choose } = plan.data.negatives;
  const places = Array.from({ length: available }, (_, i) => i);
  if (choose === 'first') return places.slice(0, wanted);
  const drawn = places.map((i) => ({ i, key: hash32(plan.seed, 0x6e6567, ...where, i) }));
  drawn.sort((a, b) => a.key - b.key);
  return drawn.slice(0, wanted).map(({ i }) => i);
}
