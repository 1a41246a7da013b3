import { FaultLog } from '../data/fault-log.js';
import { makeRankers } from '../data/mining/rankers.js';
import { type Progress, type SourceVectors, vectorsOf } from '../data/mining/vectors.js';
import type { Source } from '../data/pairs.js';
import type { SynthesisPlan } from '../plan/synthesis.js';
import type { Document } from './documents.js';
import type { Candidate } from './negatives.js';
import type { Draft } from './record.js';

/**
 * For each draft the documents that retrievers find for it, best first, its own source left out; where it has no positive
 * yet, its source comes first, with rank 0. Encoders need a running backend.
 */
export async function findCandidates(
  documents: readonly Document[],
  drafts: readonly Draft[],
  { candidates: { by, ranks }, instruction }: SynthesisPlan,
  onProgress: Progress,
  load: typeof vectorsOf = vectorsOf,
): Promise<(place: number) => Candidate[]> {
  const places = new Map(documents.map(({ id }, place) => [id, place]));
  const source = sourceOf(documents, drafts, instruction);
  const vectors = new Map<string, SourceVectors>();
  for (const model of by) if (model !== 'bm25') vectors.set(model, await load(source, model, onProgress));
  const { rank } = await makeRankers(source, { by, ranks, search: 'exact' }, (model) => vectors.get(model)!);
  return (place) => {
    const { source: own, positives } = drafts[place]!;
    const [ranked = []] = rank(place, place + 1, ranks[1]);
    const found = ranked.map(({ id }, i) => ({ ...documents[places.get(id)!]!, rank: i + 1 }));
    const first = positives.length === 0 && own !== null ? [{ ...documents[places.get(own)!]!, rank: 0 }] : [];
    return [...first, ...found.slice(ranks[0] - 1)];
  };
}

/** Drafts and documents as mining sees a source. */
function sourceOf(documents: readonly Document[], drafts: readonly Draft[], instruction: string): Source {
  return {
    name: 'synthesis',
    weight: 1,
    queries: drafts.map(({ query }) => query.text),
    instructions: drafts.map(() => instruction),
    documents: documents.map(({ text }) => text),
    ids: documents.map(({ id }) => id),
    barred: drafts.map(({ source }) => (source === null ? [] : [source])),
    labelOf: (i) => drafts[i]?.id ?? '',
    pairs: [],
    maxLength: {},
    faults: new FaultLog('stop'),
  };
}
