import { statSync } from 'node:fs';
import type { MiningPlan, NegativesPlan, SourcePlan } from '../plan/data.js';
import { Fault } from '../plan/fault.js';
import type { RunPlan } from '../plan/schema.js';
import { type Collection, isCollection, readTrainingPairs } from './beir.js';
import { FaultLog } from './fault-log.js';
import { keptBm25Negatives } from './mining/kept-bm25.js';
import { readMined } from './mining/mined-file.js';
import { withMined } from './mining/with-mined.js';
import type { Pair, Source } from './pairs.js';
import { readRecords } from './records.js';

/**
 * Reads a source of a plan: a folder in BEIR layout (its split's judgements are the pairs), or records in jsonl, Parquet
 * or Arrow. Hard negatives are mined here where the plan asks for it. Throws a Fault for what cannot be used.
 */
export async function readSource(
  plan: SourcePlan,
  { negatives, faults: policy, mining }: Pick<RunPlan['data'], 'negatives' | 'faults' | 'mining'>,
  say: (line: string) => void = () => {},
): Promise<Source> {
  const faults = new FaultLog(policy);
  const folder = plan.path !== undefined && statSync(plan.path, { throwIfNoEntry: false })?.isDirectory();
  const source =
    folder && isCollection(plan.path as string)
      ? fromCollection(plan, plan.path as string, negatives, faults)
      : await readRecords(plan, faults, say);
  const ready = negatives.per_query > 0 ? withNegatives(source, negatives, mining) : source;
  checkNegatives(ready, negatives);
  return ready;
}

function fromCollection(plan: SourcePlan, path: string, negatives: NegativesPlan, faults: FaultLog): Source {
  if (negatives.from === 'source' && negatives.per_query > 0) {
    throw new Fault(
      `Expected source ${plan.name} to hold negatives, but ${path} is a collection without any. ` +
        'Set data.negatives.from: bm25, or data.negatives.per_query: 0.',
    );
  }
  const { collection, pairs: all } = readTrainingPairs(path, plan.split, faults);
  const pairs = all.filter(({ query }) => query < (plan.limit ?? Number.POSITIVE_INFINITY));
  return {
    name: plan.name,
    weight: plan.weight,
    queries: collection.queries.map(({ text }) => text),
    instructions: collection.queries.map(() => plan.instruction ?? ''),
    documents: collection.corpus.texts,
    labelOf: (i) => {
      const { query, positive } = pairs[i] as { query: number; positive: number };
      return `${collection.queries[query]?.id} → ${collection.corpus.ids[positive]}`;
    },
    pairs: pairs.map((pair) => ({ ...pair, negatives: [] })),
    ids: collection.corpus.ids,
    barred: barredIn(collection),
    maxLength: plan.max_length ?? {},
    faults,
  };
}

/** For each query the documents that cannot be its negatives: those judged relevant, and those excluded. */
function barredIn({ queries, qrels }: Collection): string[][] {
  return queries.map(({ id, excluded }) => {
    const relevant = [...(qrels.get(id) ?? [])].filter(([, grade]) => grade > 0).map(([document]) => document);
    return [...relevant, ...excluded];
  });
}

/** With the negatives that the plan asks for in the place of the source's own. */
function withNegatives(source: Source, negatives: NegativesPlan, mining: MiningPlan | undefined): Source {
  if (negatives.from === 'source') return source;
  if (negatives.from === 'mined') return withMined(source, readMined(source, mining!));
  const found = keptBm25Negatives(source, negatives.ranks);
  const pairs = source.pairs.map(({ query, positive }) => ({ query, positive, negatives: found[query]! }));
  return { ...source, pairs };
}

function checkNegatives({ name, pairs, labelOf }: Source, { per_query: wanted, from }: NegativesPlan): void {
  const short = pairs.findIndex(({ negatives }) => negatives.length < wanted);
  if (short < 0) return;
  const has = (pairs[short] as Pair).negatives.length;
  const remedy = {
    source: 'Add some, set data.negatives.from: bm25',
    bm25: 'Widen data.negatives.ranks',
    mined: 'Widen data.mining.ranks or remove a guard, and mine again',
  }[from];
  throw new Fault(
    `Expected ${wanted} negatives for each query of source ${name}, got ${has} for ${labelOf(short)}. ` +
      `${remedy}, or lower data.negatives.per_query.`,
  );
}
