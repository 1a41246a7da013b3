import type { EvalSetPlan } from '../../plan/schema.js';
import { readCollection } from '../beir.js';
import type { Source } from '../pairs.js';
import { type Lengths, lengthsOf } from './lengths.js';
import { NearTexts, normalized } from './near-texts.js';

/** Texts that occur more than once: the same up to case and punctuation, and besides those nearly the same. */
interface Repeats {
  readonly exact: number;
  readonly near: number;
}

/** What of an eval set stands in the training data: its judged queries, and the documents that answer them. */
interface Leak {
  readonly set: string;
  readonly queries: number;
  readonly leakedQueries: Repeats;
  /** Documents judged relevant. Where training and test share a corpus some are bound to be positives of both. */
  readonly documents: number;
  readonly leakedDocuments: Repeats;
  /** A leaked query, as an example. */
  readonly example: string | null;
}

/** What is in a source. */
export interface Inspection {
  readonly name: string;
  readonly queries: Lengths;
  readonly documents: Lengths;
  readonly pairs: number;
  readonly negativesPerPair: { readonly least: number; readonly mean: number; readonly most: number };
  readonly repeatedQueries: Repeats;
  readonly repeatedDocuments: Repeats;
  readonly faults: readonly string[];
  readonly leaks: readonly Leak[];
  readonly examples: readonly { readonly query: string; readonly positive: string; readonly negative: string | null }[];
}

/** Looks through a source: counts, lengths, repeats, faults, leakage into the eval sets, and the first examples. */
export function inspect(source: Source, sets: readonly EvalSetPlan[], examples: number): Inspection {
  const { pairs, queries, documents } = source;
  const negatives = pairs.map((pair) => pair.negatives.length);
  const answers = [...new Set(pairs.map(({ positive }) => positive))].map((i) => documents[i] as string);
  const known = { queries: indexOf(queries), answers: indexOf(answers) };
  return {
    name: source.name,
    queries: lengthsOf(queries),
    documents: lengthsOf(documents),
    pairs: pairs.length,
    negativesPerPair: {
      least: negatives.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY),
      mean: negatives.reduce((a, b) => a + b, 0) / pairs.length,
      most: negatives.reduce((a, b) => Math.max(a, b), 0),
    },
    repeatedQueries: repeatsIn(queries),
    repeatedDocuments: repeatsIn(documents),
    faults: source.faults.lines(source.name),
    leaks: sets.map((set) => leakInto(set, known)),
    examples: pairs.slice(0, examples).map(({ query, positive, negatives: [negative] }) => ({
      query: queries[query] as string,
      positive: documents[positive] as string,
      negative: negative === undefined ? null : (documents[negative] as string),
    })),
  };
}

interface Known {
  readonly exact: ReadonlySet<string>;
  readonly near: NearTexts;
}

function indexOf(texts: readonly string[]): Known {
  const near = new NearTexts();
  for (const text of texts) near.add(text);
  return { exact: new Set(texts.map(normalized)), near };
}

function leakInto(set: EvalSetPlan, known: { queries: Known; answers: Known }): Leak {
  const { corpus, queries, qrels } = readCollection(set.path, set.split);
  const relevant = new Set(
    [...qrels.values()].flatMap((grades) => [...grades].filter(([, g]) => g > 0).map(([id]) => id)),
  );
  const documents = corpus.texts.filter((_, i) => relevant.has(corpus.ids[i] as string));
  const asked = queries.map(({ text }) => text);
  return {
    set: `${set.name ?? set.path}, ${set.split}`,
    queries: asked.length,
    leakedQueries: found(asked, known.queries),
    documents: documents.length,
    leakedDocuments: found(documents, known.answers),
    example: asked.find((text) => isKnown(text, known.queries) !== null) ?? null,
  };
}

function isKnown(text: string, { exact, near }: Known): keyof Repeats | null {
  if (exact.has(normalized(text))) return 'exact';
  return near.near(text).length > 0 ? 'near' : null;
}

function found(texts: readonly string[], known: Known): Repeats {
  const counts = { exact: 0, near: 0 };
  for (const text of texts) {
    const how = isKnown(text, known);
    if (how) counts[how]++;
  }
  return counts;
}

/** How many texts repeat an earlier one. */
function repeatsIn(texts: readonly string[]): Repeats {
  const seen = new Set<string>();
  const near = new NearTexts();
  const counts = { exact: 0, near: 0 };
  for (const text of texts) {
    const how = isKnown(text, { exact: seen, near });
    if (how) counts[how]++;
    if (how === 'exact') continue;
    seen.add(normalized(text));
    near.add(text);
  }
  return counts;
}
