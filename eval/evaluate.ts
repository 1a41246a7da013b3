import { basename } from 'node:path';
import { type Collection, readCollection } from '../data/beir.js';
import type { EvalSetPlan } from '../plan/schema.js';
import { parseMeasure } from '../retrieval/metrics.js';
import { type Result, writeResult } from './result.js';
import { type Marking, score } from './score.js';
import { openSystem } from './system.js';

export interface Evaluation extends Marking {
  readonly models: readonly string[];
  readonly sets: readonly EvalSetPlan[];
  readonly onProgress: (line: string, done: number, of: number) => void;
}

// As deep as BEIR and BRIGHT report; every measure's cut-off lies within.
const depth = 1000;

/** Ranks the whole corpus of every set with every system, and scores the rankings as trec_eval -c does. */
export async function evaluateModels({ models, sets, onProgress, ...marking }: Evaluation): Promise<Result[]> {
  const measures = marking.metrics.map((name) => parseMeasure(name));
  const collections = sets.map(({ path, split }) => readCollection(path, split));
  const results: Result[] = [];
  for (const model of models) {
    const system = await openSystem(model);
    sets.forEach((set, i) => {
      const collection = collections[i] as Collection;
      const name = set.name ?? basename(set.path);
      const began = performance.now();
      const run = system.search(collection, depth, (done, of) => onProgress(`${system.name} on ${name}`, done, of));
      const result: Result = {
        system: system.name,
        model,
        set: name,
        folder: set.path,
        split: set.split,
        queries: collection.qrels.size,
        documents: collection.corpus.ids.length,
        ...score(run, collection.qrels, measures, marking.scoring),
        seconds: (performance.now() - began) / 1000,
      };
      if (marking.out) writeResult(marking.out, result, run, marking.runForm);
      results.push(result);
    });
    system.dispose();
  }
  return results;
}
