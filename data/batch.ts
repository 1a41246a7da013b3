import type { Side } from '../encoder/encoder.js';
import type { EncoderSettings } from '../encoder/settings.js';
import type { Tokenizer } from '../encoder/tokenizer.js';
import { durationSteps } from '../plan/duration.js';
import type { RunPlan } from '../plan/schema.js';
import { type Part, partsOf } from './bands.js';
import { crowdingOf, crowdingOfMixed } from './crowding.js';
import { Deal } from './deal.js';
import { Mixture, type Pick } from './mixture.js';
import { asked, type Source } from './pairs.js';
import { hash32, hashText } from './permutation.js';
import type { OnProgress } from './tokens/ensure.js';
import { openTokens, type TokenStore } from './tokens/store.js';
import { tokenizationOf } from './tokens/tokenization.js';

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
  /** What to tell of texts that are in more pairs than a pass has batches, a line each. */
  crowding(): string[];
  /** Source → its tokens. */
  readonly tokens: ReadonlyMap<string, SourceTokens>;
  /** The same examples in the same order, with other negatives: those of these sources. */
  withNegatives(sources: readonly Source[]): Batches;
  at(step: number): Batch;
}

/** What decides how texts become tokens. */
interface Tokens {
  readonly tokenizer: Tokenizer;
  readonly settings: EncoderSettings;
}

/** Tokenizes the sources and lays out their mixture. */
export async function makeBatches(
  sources: readonly Source[],
  plan: RunPlan,
  encoder: Tokens,
  onProgress?: OnProgress,
): Promise<Batches> {
  const tokensOf = new Map<string, SourceTokens>();
  for (const source of sources) tokensOf.set(source.name, await tokenizeSource(source, encoder, onProgress));
  return layOut(sources, plan, tokensOf);
}

function layOut(sources: readonly Source[], plan: RunPlan, tokensOf: ReadonlyMap<string, SourceTokens>): Batches {
  const { data, seed, train } = plan;
  const parts = sources.flatMap((source, i) => partsOf(source, data.sources[i]!));
  const mixture = new Mixture(parts, {
    seed,
    batchSize: train.batch_size,
    batches: data.batches,
    temperature: data.temperature,
    curriculum: data.curriculum && {
      stages: data.curriculum,
      steps: (epoch) => durationSteps(train.duration, { batchSize: train.batch_size, examplesPerEpoch: epoch }),
    },
  });
  const texts = new TextNumbers(parts);
  const wanted = data.negatives.per_query;
  const deal = new Deal({
    mixture,
    batchSize: train.batch_size,
    seed,
    textsOf: (pick) => {
      const { part, pair } = pick;
      const { negatives } = parts[part]!.pairs[pair]!;
      // Negatives that will be mined anew have no say in where an example goes: its place holds for the whole run.
      const fixed = data.mining?.every === undefined && negatives.length <= wanted ? negatives : [];
      return [...pairTexts(pick, parts, texts), ...fixed.map((document) => texts.document(part, document))];
    },
    lengthOf: data.group_by_length
      ? ({ part, pair }) => {
          const { query, positive } = parts[part]!.pairs[pair]!;
          const { queries, documents } = tokensOf.get(parts[part]!.source)!;
          return queries.lengthOf(query) + documents.lengthOf(positive);
        }
      : null,
  });
  return {
    epoch: mixture.size,
    crowding: () => {
      const found =
        data.batches === 'mixed'
          ? [crowdingOfMixed(mixture, train.batch_size, (pick) => pairTexts(pick, parts, texts))]
          : sources.map((source) => crowdingOf(source, train.batch_size));
      return found.filter((line) => line !== null);
    },
    tokens: tokensOf,
    withNegatives: (others) => layOut(others, plan, tokensOf),
    at: (step) => {
      const picks = deal.batch(step);
      const chosen = picks.map(({ part, pair }) => parts[part]!.pairs[pair]!);
      const places = negativesOf(picks, parts, texts, plan);
      /** What `of` gives for each positive, then for the first pair's negatives, the second's, … */
      const ofDocuments = <T>(of: (part: Part, document: number) => T): T[] => [
        ...picks.map(({ part }, i) => of(parts[part]!, chosen[i]!.positive)),
        ...picks.flatMap(({ part }, i) => places[i]!.map((place) => of(parts[part]!, chosen[i]!.negatives[place]!))),
      ];
      const queries = picks.map(({ part }, i) => tokensOf.get(parts[part]!.source)!.queries.at(chosen[i]!.query));
      const documents = ofDocuments(({ source }, i) => tokensOf.get(source)!.documents.at(i));
      const scores = chosen.flatMap(({ scores: own }, i) =>
        own ? [own.positive, ...places[i]!.map((place) => own.negatives[place]!)] : [],
      );
      const names = new Set(picks.map(({ part }) => parts[part]!.source));
      return {
        queries,
        documents,
        source: names.size === 1 ? ([...names][0] as string) : 'mixed',
        tokens: [...queries, ...documents].reduce((sum, { length }) => sum + length, 0),
        scores: scores.length === documents.length ? Float32Array.from(scores) : null,
        texts: () => ({
          queries: picks.map(({ part }, i) => {
            const { queries: own, instructions } = parts[part]!;
            return asked(instructions[chosen[i]!.query]!, own[chosen[i]!.query]!);
          }),
          documents: ofDocuments(({ documents: own }, i) => own[i]!),
        }),
        describe: () =>
          picks.map(({ part, pair }) => `${parts[part]!.source}: ${parts[part]!.labelOf(pair)}`).join(', '),
      };
    },
  };
}

/** A source's tokens, on disk. */
export interface SourceTokens {
  readonly queries: TokenStore;
  readonly documents: TokenStore;
}

/** Tokenizes a source's texts, or finds their tokens in the cache. */
export async function tokenizeSource(
  { queries, instructions, documents, maxLength }: Source,
  encoder: Tokens,
  onProgress?: OnProgress,
): Promise<SourceTokens> {
  const howOf = (side: Side) => tokenizationOf(encoder, side, maxLength[side]);
  return {
    queries: await openTokens(
      queries.map((text, i) => asked(instructions[i] as string, text)),
      howOf('query'),
      onProgress,
    ),
    documents: await openTokens(documents, howOf('document'), onProgress),
  };
}

/** The numbers of an example's query and positive. */
function pairTexts({ part, pair }: Pick, parts: readonly Part[], texts: TextNumbers): [number, number] {
  const { query, positive } = parts[part]!.pairs[pair]!;
  return [texts.query(part, query), texts.document(part, positive)];
}

/**
 * Each example's negatives, as places in its list: the first of its own, or a draw without repetition that is new in each epoch. One whose text
 * is in the batch already is passed over for the next, as long as there is a next.
 */
function negativesOf(picks: readonly Pick[], parts: readonly Part[], texts: TextNumbers, plan: RunPlan): number[][] {
  const { per_query: wanted, choose } = plan.data.negatives;
  const present = new Set(picks.flatMap((pick) => pairTexts(pick, parts, texts)));
  return picks.map(({ part, pair, epoch }) => {
    const { negatives } = parts[part]!.pairs[pair]!;
    const all = [...negatives.keys()];
    const order = choose === 'first' ? all : shuffled(all, plan.seed, 0x6e6567, part, pair, epoch);
    const numberAt = (place: number): number => texts.document(part, negatives[place]!);
    const fresh = order.filter((place) => !present.has(numberAt(place)));
    const known = fresh.length < wanted ? order.filter((place) => !fresh.includes(place)) : [];
    const chosen = [...fresh, ...known].slice(0, wanted);
    for (const place of chosen) present.add(numberAt(place));
    return chosen;
  });
}

function shuffled(places: readonly number[], ...key: readonly number[]): number[] {
  const keyed = places.map((place, i) => ({ place, key: hash32(...key, i) }));
  return keyed.sort((a, b) => a.key - b.key).map(({ place }) => place);
}

/** Numbers of texts, equal for equal ones over all parts: 32-bit hashes, each made when first asked for. */
class TextNumbers {
  readonly #known = new Map<readonly string[], Float64Array>();

  constructor(readonly parts: readonly Part[]) {}

  query(part: number, place: number): number {
    return this.#numberOf(this.parts[part]!.queries, place);
  }

  document(part: number, place: number): number {
    return this.#numberOf(this.parts[part]!.documents, place);
  }

  #numberOf(texts: readonly string[], place: number): number {
    let numbers = this.#known.get(texts);
    if (!numbers) {
      numbers = new Float64Array(texts.length).fill(-1);
      this.#known.set(texts, numbers);
    }
    if (numbers[place]! < 0) numbers[place] = hashText(texts[place]!);
    return numbers[place]!;
  }
}
