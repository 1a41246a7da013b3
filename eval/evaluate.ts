import { basename } from 'node:path';
import type { Collection } from '../data/beir.js';
import { readSets } from '../data/presets/read-sets.js';
import type { EvalSetPlan } from '../plan/schema.js';
import type { VectorSearch } from '../plan/vector-search.js';
import { recallOf } from '../retrieval/approximate.js';
import { readRun } from '../retrieval/files.js';
import { type Measure, parseMeasure } from '../retrieval/metrics.js';
import type { Run } from '../retrieval/ranking.js';
import { cutPool, type Pool, poolLoss, recallCeiling, withoutPool } from './pool.js';
import { type Result, writeResult } from './result.js';
import { originalWording, type Rewriting, type Wording } from './rewrite/rewriting.js';
import { listing, type Marking, score } from './score.js';
import { type Index, openSystem, type Ranker, type System, type SystemOptions } from './system.js';

export interface Evaluation extends Marking, Omit<SystemOptions, 'approximate'> {
  readonly models: readonly string[];
  readonly sets: readonly EvalSetPlan[];
  /** Rank also within another retriever's best so many documents alone. */
  readonly pool?: { readonly file: string; readonly depth: number } | null;
  /** How encoders' vectors are searched. */
  readonly search?: VectorSearch;
  /** Ask also in other words. */
  readonly rewriting?: Rewriting | null;
  /** A line on how far it is; `last` where that is done. */
  readonly onProgress: (line: string, last: boolean) => void;
  /** Something about the sets that the user should know. */
  readonly onNote: (note: string) => void;
}

// As deep as BEIR and BRIGHT report; every measure's cut-off lies within.
const depth = 1000;

// Where the recall of approximate search is told: the cut-offs that BEIR and BRIGHT report.
const recallAt = [10, 100, depth];

interface EvalSet {
  readonly collection: Collection;
  readonly about: Pick<Result, 'set' | 'folder' | 'split' | 'queries' | 'documents'>;
  readonly wordings: readonly Wording[];
}

/** Ranks the whole corpus of every set with every system, and scores the rankings as trec_eval -c does. */
export async function evaluateModels(evaluation: Evaluation): Promise<Result[]> {
  const { models, pool: given = null, onProgress, onNote, ...marking } = evaluation;
  const measures = marking.metrics.map((name) => parseMeasure(name));
  const collections = await readSets(evaluation.sets, onNote);
  const pool = given && cutPool(given.file, readRun(given.file), given.depth);
  const sets: EvalSet[] = [];
  for (const [set, collection] of collections) {
    const name = set.name ?? set.path;
    const unpooled = pool ? withoutPool(pool, collection.qrels, name) : [];
    const notes = [...lackingNotes(collection), ...listing('judged but not in the pool, nothing to rank', unpooled)];
    for (const note of notes) onNote(`${name}: ${note}`);
    sets.push(await prepare(set, collection, evaluation));
  }
  const results: Result[] = [];
  for (const model of models) {
    const approximate = evaluation.search === 'approximate' ? { depth } : null;
    const system = await openSystem(model, { ...evaluation, approximate });
    for (const set of sets) {
      const { name, corpus } = set.collection;
      const index = await system.index({ ...corpus, name }, (done, of) =>
        onProgress(`${system.name} on ${set.about.set}: ${done}/${of} texts`, done === of),
      );
      for (const wording of set.wordings) {
        if (wording.by !== null && !system.readsQueries) continue;
        const { result, run } = await evaluateOne(model, system, index, set, wording, measures, marking, pool);
        if (marking.out) writeResult(marking.out, result, run, marking.runForm);
        results.push(result);
      }
    }
    system.dispose();
  }
  return results;
}

/** What judgements name and the set does not have, a line each. */
function lackingNotes({ lacking }: Collection): string[] {
  return [
    ...listing('judged but not in the corpus, never found', lacking.documents, ['document', 'documents']),
    ...listing('judged but without a text, left out', lacking.queries),
  ];
}

async function prepare(
  { name, path, split }: EvalSetPlan,
  collection: Collection,
  { rewriting = null, onProgress }: Evaluation,
): Promise<EvalSet> {
  const set = name ?? basename(path);
  const { qrels, corpus } = collection;
  const about = { set, folder: path, split, queries: qrels.size, documents: corpus.ids.length };
  const original = originalWording(collection.queries);
  if (rewriting === null) return { collection, about, wordings: [original] };
  const rewritten = await rewriting.rewrite(collection.queries, path, (done, of) =>
    onProgress(`${rewriting.name} on ${set}: ${done}/${of} queries`, done === of),
  );
  return { collection, about, wordings: [original, rewritten] };
}

async function evaluateOne(
  model: string,
  system: System,
  index: Index,
  { collection: { qrels }, about }: EvalSet,
  { queries, by, tokens }: Wording,
  measures: readonly Measure[],
  { scoring }: Marking,
  pool: Pool | null,
) {
  const asked = await index.ask(queries);
  const began = performance.now();
  const run = asked.rank(depth);
  const search = (performance.now() - began) / 1000;
  const exact = asked.exact && againstExact(run, search, asked.exact);
  const within = pool && asked.rank(depth, pool.run);
  const perQuery = (total: number | null) => (total === null ? null : total / queries.length);
  const { cost } = index;
  const result: Result = {
    system: by === null ? system.name : `${system.name}-${by}`,
    model,
    ...about,
    ...(by === null ? {} : { rewritten: { by, original: system.name } }),
    ...score(run, qrels, measures, scoring),
    seconds: (cost?.seconds ?? 0) + asked.cost.seconds + search,
    ...(cost && {
      cost: {
        where: cost.where,
        queriesPerSecond: queries.length / Math.max(asked.cost.seconds + search, 1e-6),
        seconds: { documents: cost.seconds, queries: asked.cost.seconds, search },
        indexBytes: cost.bytes,
        documentTokens: cost.tokens,
        tokensPerQuery: {
          encoder: perQuery(asked.cost.tokens),
          ...(tokens && { rewriterInput: perQuery(tokens.input), rewriterOutput: perQuery(tokens.output) }),
        },
      },
    }),
    ...(exact && { approximate: exact }),
    ...(pool &&
      within && {
        pool: {
          file: pool.file,
          depth: pool.depth,
          ceiling: recallCeiling(pool, qrels),
          ...score(within, qrels, measures, scoring),
          ...poolLoss(run, pool, qrels),
        },
      }),
  };
  return { result, run };
}

/** How much of exact search's result a run has, and the seconds that either took. */
function againstExact(run: Run, search: number, rankExactly: Ranker): NonNullable<Result['approximate']> {
  const began = performance.now();
  const exact = rankExactly(depth);
  const seconds = { search, exact: (performance.now() - began) / 1000 };
  const best = (of: Run, k: number) => Array.from(exact.keys(), (query) => (of.get(query) ?? []).slice(0, k));
  const recall = Object.fromEntries(recallAt.map((k) => [k, recallOf(best(run, k), best(exact, k))]));
  return { recall, seconds };
}
