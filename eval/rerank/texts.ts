import { readCollection } from '../../data/beir.js';
import { isPreset } from '../../data/presets/presets.js';
import { Fault } from '../../plan/fault.js';
import type { Run } from '../../retrieval/ranking.js';
import { readPresetSet } from '../judgements.js';
import { queryTexts } from '../query-texts.js';
import type { Texts } from './rerank.js';

/**
 * The texts of a set that a reranker of `candidates` reads.
 *
 * @param set a folder in BEIR layout, or a preset's name
 * @throws Fault when the set lacks one of them, or cannot be had
 */
export async function textsFor(
  candidates: Run,
  set: string,
  split: string,
  onNote: (note: string) => void,
): Promise<Texts> {
  const preset = isPreset(set);
  const { corpus, queries } = preset ? await readPresetSet(set, onNote) : readCollection(set, split);
  const texts: Texts = {
    // Of a folder also those of other splits, where a weight may be chosen.
    queries: preset ? new Map(queries.map(({ id, text }) => [id, text])) : queryTexts(set),
    documents: new Map(corpus.ids.map((id, place) => [id, corpus.texts[place] as string])),
  };
  for (const [query, ranked] of candidates) {
    if (!texts.queries.has(query)) throw lacking('query', query, set);
    const unknown = ranked.find(({ id }) => !texts.documents.has(id));
    if (unknown) throw lacking('document', unknown.id, set);
  }
  return texts;
}

function lacking(what: string, id: string, set: string): Fault {
  return new Fault(
    `Expected the ranking's ${what} ${JSON.stringify(id)} in ${set}, got none. Name the set that was ranked.`,
  );
}
