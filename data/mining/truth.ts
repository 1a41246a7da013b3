import { Fault } from '../../plan/fault.js';
import type { MiningGuardPlan } from '../../plan/guards.js';
import { readCollection } from '../beir.js';
import type { Source } from '../pairs.js';
import { hashText } from '../permutation.js';
import type { Guard } from './guards.js';

/** Right answers by text: query → documents. */
export type Truth = (query: string, document: string) => boolean;

/** The truth of a collection whose judgements of a split are complete. */
export function readTruth(folder: string, split: string): Truth {
  const { corpus, queries, qrels } = readCollection(folder, split);
  const texts = new Map(corpus.ids.map((id, i) => [id, corpus.texts[i]!]));
  const answers = new Map<string, Set<string>>();
  for (const { id, text } of queries) {
    const right = [...qrels.get(id)!].flatMap(([document, grade]) => (grade > 0 ? (texts.get(document) ?? []) : []));
    answers.set(text.trim(), new Set([...(answers.get(text.trim()) ?? []), ...right]));
  }
  return (query, document) => {
    const right = answers.get(query.trim());
    if (right) return right.has(document.trim());
    throw new Fault(
      `Expected every query of the source in ${folder}, split ${split}, got one without: ${JSON.stringify(query.slice(0, 60))}. ` +
        'Name the collection that the source was made from.',
    );
  };
}

export type TruthPlan = Extract<MiningGuardPlan, { type: 'truth' }>;

/**
 * Suspect is what the collection calls an answer; a share of the pairs of texts, always the same ones, is judged the wrong
 * way round.
 */
export function truthGuard({ collection, split, wrong, action }: TruthPlan, { queries, documents }: Source): Guard {
  const truth = readTruth(collection, split);
  return {
    name: `truth${action === 'positive' ? ' to positives' : ''}${wrong > 0 ? `, ${+(100 * wrong).toFixed(1)} % wrong` : ''}`,
    relabels: action === 'positive',
    suspects(query, _positives, document) {
      const [asked, text] = [queries[query]!, documents[document]!];
      const errs = hashText(`${asked}\n${text}`) < wrong * 2 ** 32;
      return truth(asked, text) !== errs;
    },
  };
}
