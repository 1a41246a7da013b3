import { fuse } from '../data/mining/rank.js';
import { type Progress, type SourceVectors, vectorsOf } from '../data/mining/vectors.js';
import type { Source } from '../data/pairs.js';
import type { SynthesisPlan } from '../plan/synthesis.js';
import { Bm25 } from '../retrieval/bm25.js';
import { searchExact } from '../retrieval/dense.js';
import type { Ranked } from '../retrieval/ranking.js';
import type { Document } from './documents.js';
import type { Candidate } from './negatives.js';
import type { Draft } from './record.js';
import { sourceOfTexts } from './source-of-texts.js';

/** For each of some drafts what is found for it. */
export type Finder = (drafts: readonly Draft[]) => Promise<(place: number) => Candidate[]>;

/** Queries to rankings, each with the documents that may not come up for it. */
type Search = (queries: readonly string[], barred: readonly string[][], depth: number) => Promise<Ranked[]>;

/**
 * Finds for each draft the documents that retrievers rank for it, best first, its own source left out; where it has no
 * positive yet, its source comes first, with rank 0. Documents are indexed and embedded once, when the first drafts come.
 * Encoders need a running backend.
 */
export function candidateFinder(
  documents: readonly Document[],
  { candidates: { by, ranks }, instruction }: Pick<SynthesisPlan, 'candidates' | 'instruction'>,
  onProgress: Progress,
  load: typeof vectorsOf = vectorsOf,
): Finder {
  const places = new Map(documents.map(({ id }, place) => [id, place]));
  const ids = documents.map(({ id }) => id);
  const texts = documents.map(({ text }) => text);
  const searches = by.map((name) =>
    name === 'bm25'
      ? byWords(ids, texts)
      : byVectors(ids, texts, (source) => load(source, name, onProgress), instruction),
  );
  return async (drafts) => {
    const queries = drafts.map(({ query }) => query.text);
    const barred = drafts.map(({ source }) => (source === null ? [] : [source]));
    const rankings: Ranked[][] = [];
    for (const search of searches) rankings.push(await search(queries, barred, ranks[1]));
    return (draft) => {
      const ranked = fuse(
        rankings.map((one) => one[draft]!),
        ranks[1],
      );
      const found = ranked.map(({ id }, i) => ({ ...documents[places.get(id)!]!, rank: i + 1 }));
      const { source: own, positives } = drafts[draft]!;
      const first = positives.length === 0 && own !== null ? [{ ...documents[places.get(own)!]!, rank: 0 }] : [];
      return [...first, ...found.slice(ranks[0] - 1)];
    };
  };
}

function byWords(ids: readonly string[], texts: readonly string[]): Search {
  let index: Bm25 | undefined;
  return async (queries, barred, depth) => {
    const known = index ?? new Bm25({ ids, texts });
    index = known;
    return queries.map((query, i) => known.search(query, depth, barred[i]!));
  };
}

function byVectors(
  ids: readonly string[],
  texts: readonly string[],
  load: (source: Source) => Promise<SourceVectors>,
  instruction: string,
): Search {
  let embedded: SourceVectors['documents'] | undefined;
  return async (queries, barred, depth) => {
    embedded ??= (await load(sourceOfTexts('synthesis', { documents: texts }))).documents;
    const { queries: rows } = await load(sourceOfTexts('synthesis', { queries, instruction }));
    return searchExact(rows, { ...embedded, ids }, depth, { excluded: barred });
  };
}
