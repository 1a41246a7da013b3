import { readCollection } from '../../data/beir.js';
import { Fault } from '../../plan/fault.js';
import type { Run } from '../../retrieval/ranking.js';
import { queryTexts } from '../query-texts.js';
import type { Texts } from './rerank.js';

/** The texts of a set that a reranker of `candidates` reads. @throws Fault when the set lacks one of them. */
export function textsFor(candidates: Run, folder: string, split: string): Texts {
  const { corpus } = readCollection(folder, split);
  const texts: Texts = {
    queries: queryTexts(folder),
    documents: new Map(corpus.ids.map((id, place) => [id, corpus.texts[place] as string])),
  };
  for (const [query, ranked] of candidates) {
    if (!texts.queries.has(query)) throw lacking('query', query, folder);
    const unknown = ranked.find(({ id }) => !texts.documents.has(id));
    if (unknown) throw lacking('document', unknown.id, folder);
  }
  return texts;
}

function lacking(what: string, id: string, folder: string): Fault {
  return new Fault(
    `Expected the ranking's ${what} ${JSON.stringify(id)} in ${folder}, got none. Name the set that was ranked.`,
  );
}
