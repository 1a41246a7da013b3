import { basename } from 'node:path';
import { type Collection, readCollection } from '../data/beir.js';
import type { EvalSetPlan } from '../plan/schema.js';
import { readRun } from '../retrieval/files.js';
import { parseMeasure } from '../retrieval/metrics.js';
import { cutPool, poolLoss, recallCeiling } from './pool.js';
import { type Result, writeResult } from './result.js';
import { type Marking, score } from './score.js';
import { openSystem } from './system.js';

export interface Evaluation extends Marking {
  readonly models: readonly string[];
  readonly sets: readonly EvalSetPlan[];
  /** Encoders embed documents in pieces of so many words; null: whole. */
  readonly chunk?: number | null;
  /** Rank also within another retriever's best so many documents alone. */
  readonly pool?: { readonly file: string; readonly depth: number } | null;
  readonly onProgress: (line: string, done: number, of: number) => void;
}

// As deep as BEIR and BRIGHT report; every measure's cut-off lies within.
const depth = 1000;

/** Ranks the whole corpus of every set with every system, and scores the rankings as trec_eval -c does. */
export async function evaluateModels(evaluation: Evaluation): Promise<Result[]> {
  const { models, sets, chunk = null, pool: given = null, onProgress, ...marking } = evaluation;
  const measures = marking.metrics.map((name) => parseMeasure(name));
  const collections = sets.map(({ path, split }) => readCollection(path, split));
  const pool = given && cutPool(given.file, readRun(given.file), given.depth);
  const results: Result[] = [];
  for (const model of models) {
    const system = await openSystem(model, { chunk });
    for (const [i, set] of sets.entries()) {
      const collection = collections[i] as Collection;
      const { qrels } = collection;
      const name = set.name ?? basename(set.path);
      const began = performance.now();
      const rank = await system.read(collection, (done, of) => onProgress(`${system.name} on ${name}`, done, of));
      const run = rank(depth);
      const seconds = (performance.now() - began) / 1000;
      const within = pool && rank(depth, pool.run);
      const result: Result = {
        system: system.name,
        model,
        set: name,
        folder: set.path,
        split: set.split,
        queries: qrels.size,
        documents: collection.corpus.ids.length,
        ...score(run, qrels, measures, marking.scoring),
        seconds,
        ...(pool &&
          within && {
            pool: {
              file: pool.file,
              depth: pool.depth,
              ceiling: recallCeiling(pool, qrels),
              ...score(within, qrels, measures, marking.scoring),
              ...poolLoss(run, pool, qrels),
            },
          }),
      };
      if (marking.out) writeResult(marking.out, result, run, marking.runForm);
      results.push(result);
    }
    system.dispose();
  }
  return results;
}
