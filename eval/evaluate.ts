import { basename, extname } from 'node:path';
import { type Collection, readCollection } from '../data/beir.js';
import { Fault } from '../plan/fault.js';
import type { EvalSetPlan } from '../plan/schema.js';
import { readQrels, readRun } from '../retrieval/files.js';
import { parseMeasure, type Scoring } from '../retrieval/metrics.js';
import { type Result, writeResult } from './result.js';
import { mismatches, score } from './score.js';
import { openSystem } from './system.js';

/** How results are scored and kept, wherever the rankings come from. */
interface Marking {
  readonly metrics: readonly string[];
  readonly scoring?: Scoring;
  /** Where run files and results go; null for nowhere. */
  readonly out: string | null;
  readonly runForm?: 'trec' | 'json';
}

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

export interface RunScoring extends Marking {
  readonly runs: readonly string[];
  readonly qrels: string;
  readonly onNote: (note: string) => void;
}

/** Scores run files against a file of judgements; what the two do not share is noted. */
export function scoreRuns({ runs, qrels: qrelsFile, onNote, ...marking }: RunScoring): Result[] {
  const measures = marking.metrics.map((name) => parseMeasure(name, '--metrics'));
  const qrels = readQrels(qrelsFile);
  return runs.map((file) => {
    const run = readRun(file, onNote);
    if (![...run.keys()].some((query) => qrels.has(query))) {
      const got = run.size === 0 ? 'no query at all' : `${run.size} others, such as ${[...run.keys()][0]}`;
      throw new Fault(`Expected queries of ${qrelsFile} for ${file}, got ${got}. Check that the two belong together.`);
    }
    for (const note of mismatches(run, qrels)) onNote(`${file}: ${note}`);
    const marks = score(run, qrels, measures, marking.scoring);
    const result: Result = {
      system: stem(file),
      model: file,
      set: stem(qrelsFile),
      queries: Object.keys(Object.values(marks.perQuery)[0] ?? {}).length,
      ...marks,
    };
    if (marking.out) writeResult(marking.out, result, run, marking.runForm);
    return result;
  });
}

function stem(path: string): string {
  return basename(path, extname(path));
}
