import { basename } from 'node:path';
import type { Collection } from '../data/beir.js';
import { readSets } from '../data/presets/read-sets.js';
import { tokenize } from '../data/token-cache.js';
import { tokenizationOf } from '../data/tokens/tokenization.js';
import { encode, type Vectors } from '../encoder/encode.js';
import type { Encoder } from '../encoder/encoder.js';
import { durationSteps, type StepSize } from '../plan/duration.js';
import type { EvaluationEvent } from '../plan/run-events.js';
import { checkpointsIn, linkBest, stepOf } from '../plan/run-layout.js';
import type { EvaluatePlan, RunPlan } from '../plan/schema.js';
import { searchExact } from '../retrieval/dense.js';
import { evaluate, type Measure, parseMeasure } from '../retrieval/metrics.js';
import type { Hook } from './loop.js';
import type { RunFolder } from './run-folder.js';

/** How a run stands after its evaluations, by the mean over the sets of the measure that says which step is best. */
export interface Standing {
  readonly measure: string;
  /** The last, and what it came to. */
  readonly step: number;
  readonly value: number;
  readonly bestStep: number;
  readonly best: number;
  /** How many since the best were no better. */
  readonly since: number;
}

/** What evaluates, and whether a run that goes on had stopped by its scores already. */
interface Evaluating {
  readonly hooks: readonly Hook[];
  readonly enough: boolean;
}

interface Running {
  readonly plan: RunPlan;
  readonly encoder: Encoder;
  readonly size: StepSize;
  /** Steps done before, and the run's last. */
  readonly from: number;
  readonly total: number;
  readonly run: RunFolder;
  /** Saves a checkpoint of the step that was just done; of the run's last, where that is another than planned. */
  readonly save: (step: number, last?: number) => string;
  readonly say: (line: string) => void;
  readonly onScore: (standing: Standing) => void;
}

interface ReadySet {
  readonly name: string;
  readonly split: string;
  readonly collection: Collection;
  readonly queries: readonly Int32Array[];
  readonly documents: readonly Int32Array[];
}

// As deep as `eval` ranks.
const depth = 1000;

/**
 * Scores the model in training after every so many steps: whole corpora, exact search, the numbers that `eval` would
 * print for a checkpoint of that step. The first measure's mean over the sets says which step is best; where
 * `stop_after` evaluations in a row were no better, training stops. What was found before stands in events.jsonl, so that
 * a run that goes on decides as one that never stopped.
 *
 * @throws Fault a set that cannot be read
 */
export async function evaluating(running: Running, given: EvaluatePlan): Promise<Evaluating> {
  const { plan, encoder, size, from, total, run, save, say, onScore } = running;
  const steps = durationSteps(given.every, size);
  // Not where the user stops it: a run that goes on must decide as one that never stopped.
  const due = (step: number): boolean => step > 0 && (step % steps === 0 || step === total);
  const measures = plan.eval.metrics.map((name) => parseMeasure(name));
  const sets = await readySets(running, given);
  const measure = measures[0]!.name;
  let so = standing(run.evaluations(), measure, sets.length);
  const tired = (): boolean => given.stop_after !== undefined && so.since >= given.stop_after;
  const consider = (step: number): void => {
    const began = performance.now();
    const found = sets.map((set) => scoreSet(encoder, set, step, measures));
    run.logEvaluations(found);
    so = after(so, step, decisive(found, measure));
    onScore(so);
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    say(`step ${step}: ${inWords(found)}${so.since === 0 ? ', the best so far' : ''} (${seconds} s)`);
    if (so.since === 0) linkBest(save(step));
  };
  // What a stop at the wrong moment left out.
  const best = checkpointsIn(run.path).find((checkpoint) => stepOf(checkpoint) === so.bestStep);
  if (best) linkBest(best);
  if (due(from) && so.step < from) consider(from);
  const enough = tired() && from < total;
  const hook: Hook = ({ step, end }) => {
    if (!due(step)) return;
    consider(step);
    if (!tired() || step === total) return;
    save(step, step);
    say(`stopping after step ${step}: ${so.since} evaluations in a row were no better than ${so.best.toFixed(4)}`);
    end();
  };
  return { hooks: [hook], enough };
}

async function readySets(
  { plan, encoder, say }: Running,
  { sets = plan.eval.sets }: EvaluatePlan,
): Promise<ReadySet[]> {
  const ready: ReadySet[] = [];
  for (const [{ name, path, split }, collection] of await readSets(sets, say)) {
    const asked = collection.queries.map(({ text }) => text);
    ready.push({
      name: name ?? basename(path),
      split,
      collection,
      queries: await tokenize(asked, tokenizationOf(encoder, 'query')),
      documents: await tokenize(collection.corpus.texts, tokenizationOf(encoder, 'document')),
    });
  }
  return ready;
}

function scoreSet(
  encoder: Encoder,
  { name, split, collection, ...tokens }: ReadySet,
  step: number,
  measures: readonly Measure[],
): EvaluationEvent {
  const queries: Vectors = encode(encoder, tokens.queries, 'query');
  const documents = { ids: collection.corpus.ids, ...encode(encoder, tokens.documents, 'document') };
  const excluded = collection.queries.map((query) => query.excluded);
  const found = searchExact(queries, documents, depth, { excluded });
  const ranked = new Map(collection.queries.map(({ id }, i) => [id, found[i]!]));
  const scores = [...evaluate(ranked, collection.qrels, measures)];
  return { step, set: name, split, metrics: Object.fromEntries(scores.map(([measure, { mean }]) => [measure, mean])) };
}

/** What decides: a measure's mean over the sets. */
function decisive(found: readonly EvaluationEvent[], measure: string): number {
  return found.reduce((sum, { metrics }) => sum + (metrics[measure] ?? 0), 0) / found.length;
}

function after(so: Standing, step: number, value: number): Standing {
  const last = { ...so, step, value };
  return value > so.best ? { ...last, bestStep: step, best: value, since: 0 } : { ...last, since: so.since + 1 };
}

function standing(events: readonly EvaluationEvent[], measure: string, sets: number): Standing {
  const none = { step: 0, value: Number.NaN, bestStep: 0, best: Number.NEGATIVE_INFINITY, since: 0 };
  let so: Standing = { measure, ...none };
  for (let i = 0; i + sets <= events.length; i += sets) {
    so = after(so, events[i]!.step, decisive(events.slice(i, i + sets), measure));
  }
  return so;
}

function inWords(found: readonly EvaluationEvent[]): string {
  return found
    .map(({ set, metrics }) =>
      [set, ...Object.entries(metrics).map(([measure, value]) => `${measure} ${value.toFixed(3)}`)].join(' '),
    )
    .join(', ');
}
