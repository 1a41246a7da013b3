import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type Collection, readCollection } from '../data/beir.js';
import type { EvalSetPlan } from '../plan/schema.js';
import { evaluate as measure, parseMeasure } from '../retrieval/metrics.js';
import type { Run } from '../retrieval/ranking.js';
import { writeRun } from '../retrieval/trec.js';
import { openSystem } from './system.js';

/** How one system did on one set. */
export interface Result {
  readonly system: string;
  readonly model: string;
  readonly set: string;
  readonly split: string;
  readonly queries: number;
  readonly documents: number;
  /** Measure → mean over the judged queries. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Measure → query → value. */
  readonly perQuery: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Encoding or indexing, and search. */
  readonly seconds: number;
}

export interface Evaluation {
  readonly models: readonly string[];
  readonly sets: readonly EvalSetPlan[];
  readonly metrics: readonly string[];
  /** Where run files and results go; null for nowhere. */
  readonly out: string | null;
  readonly onProgress: (line: string, done: number, of: number) => void;
}

// As deep as BEIR and BRIGHT report; every measure's cut-off lies within.
const depth = 1000;

/** Ranks the whole corpus of every set with every system, and scores the rankings as trec_eval -c does. */
export async function evaluateModels({ models, sets, metrics, out, onProgress }: Evaluation): Promise<Result[]> {
  const measures = metrics.map((name) => parseMeasure(name));
  const collections = sets.map(({ path, split }) => readCollection(path, split));
  const results: Result[] = [];
  for (const model of models) {
    const system = await openSystem(model);
    sets.forEach((set, i) => {
      const collection = collections[i] as Collection;
      const name = set.name ?? basename(set.path);
      const began = performance.now();
      const run = system.search(collection, depth, (done, of) => onProgress(`${system.name} on ${name}`, done, of));
      const scores = [...measure(run, collection.qrels, measures)];
      const result: Result = {
        system: system.name,
        model,
        set: name,
        split: set.split,
        queries: collection.qrels.size,
        documents: collection.corpus.ids.length,
        metrics: Object.fromEntries(scores.map(([key, { mean }]) => [key, mean])),
        perQuery: Object.fromEntries(scores.map(([key, { perQuery }]) => [key, Object.fromEntries(perQuery)])),
        seconds: (performance.now() - began) / 1000,
      };
      if (out) writeResult(join(out, fileName(`${name}-${set.split}`)), result, run);
      results.push(result);
    });
    system.dispose();
  }
  return results;
}

/** `<folder>/<system>.run` (TREC) and `<system>.json`. */
function writeResult(folder: string, result: Result, run: Run): void {
  const name = fileName(result.system);
  mkdirSync(folder, { recursive: true });
  writeRun(join(folder, `${name}.run`), run, name);
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(result, null, 1)}\n`);
}

/** A name as one part of a path, whatever a plan calls its sets: nothing is written outside the results. */
function fileName(name: string): string {
  return name.replace(/[^\w.-]+/g, '-');
}
