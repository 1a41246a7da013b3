import { statSync } from 'node:fs';
import { Fault } from '../plan/fault.js';
import type { NegativesPlan, SourcePlan } from '../plan/schema.js';
import { type Collection, readTrainingPairs } from './beir.js';
import { readExamples } from './examples.js';
import { mineBm25 } from './mine.js';
import type { MinableSource, Pair, Source } from './pairs.js';

/**
 * Reads a source of a plan: a folder in BEIR layout (its split's judgements are the pairs) or a .jsonl file of
 * {query, pos, neg}. Hard negatives are mined here where the plan asks for it. Throws a Fault for what cannot be used.
 */
export function readSource(plan: SourcePlan, negatives: NegativesPlan): Source {
  const found = statSync(plan.path, { throwIfNoEntry: false });
  if (!found) {
    throw new Fault(
      `Expected a folder in BEIR layout or a .jsonl file for source ${plan.name} at ${plan.path}, found nothing. Check data.sources.`,
    );
  }
  const source = found.isDirectory() ? fromCollection(plan, negatives) : readExamples(plan);
  const ready = negatives.from === 'bm25' && negatives.per_query > 0 ? withMined(source, negatives) : source;
  checkNegatives(ready, negatives);
  return ready;
}

function fromCollection(plan: SourcePlan, negatives: NegativesPlan): MinableSource {
  if (negatives.from === 'source' && negatives.per_query > 0) {
    throw new Fault(
      `Expected source ${plan.name} to hold negatives, but ${plan.path} is a collection without any. ` +
        'Set data.negatives.from: bm25, or data.negatives.per_query: 0.',
    );
  }
  const { collection, pairs } = readTrainingPairs(plan.path, plan.split);
  return {
    name: plan.name,
    weight: plan.weight,
    queries: collection.queries.map(({ text }) => text),
    documents: collection.corpus.texts,
    labelOf: (i) => {
      const { query, positive } = pairs[i] as { query: number; positive: number };
      return `${collection.queries[query]?.id} → ${collection.corpus.ids[positive]}`;
    },
    pairs: pairs.map((pair) => ({ ...pair, negatives: [] })),
    ids: collection.corpus.ids,
    barred: barredIn(collection),
  };
}

/** For each query the documents that cannot be its negatives: those judged relevant, and those excluded. */
function barredIn({ queries, qrels }: Collection): string[][] {
  return queries.map(({ id, excluded }) => {
    const relevant = [...(qrels.get(id) ?? [])].filter(([, grade]) => grade > 0).map(([document]) => document);
    return [...relevant, ...excluded];
  });
}

function withMined(source: MinableSource, negatives: NegativesPlan): Source {
  const mined = mineBm25(source, negatives.ranks);
  const pairs = source.pairs.map(({ query, positive }) => ({ query, positive, negatives: mined[query] as number[] }));
  return { ...source, pairs };
}

function checkNegatives({ name, pairs, labelOf }: Source, { per_query: wanted, from }: NegativesPlan): void {
  const short = pairs.findIndex(({ negatives }) => negatives.length < wanted);
  if (short < 0) return;
  const has = (pairs[short] as Pair).negatives.length;
  const remedy = from === 'bm25' ? 'Widen data.negatives.ranks' : 'Add some, set data.negatives.from: bm25';
  throw new Fault(
    `Expected ${wanted} negatives for each query of source ${name}, got ${has} for ${labelOf(short)}. ` +
      `${remedy}, or lower data.negatives.per_query.`,
  );
}
