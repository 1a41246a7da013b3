import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Batches, SourceTokens } from '../data/batch.js';
import { mineSource } from '../data/mining/mine.js';
import { minedFile, readMined } from '../data/mining/mined-file.js';
import { embedInBlocks, type SourceVectors, vectorsOf } from '../data/mining/vectors.js';
import { withMined } from '../data/mining/with-mined.js';
import type { Source } from '../data/pairs.js';
import { encode } from '../encoder/encode.js';
import type { Encoder, Side } from '../encoder/encoder.js';
import type { MiningPlan } from '../plan/data.js';
import { durationSteps, type StepSize } from '../plan/duration.js';
import { Fault } from '../plan/fault.js';
import { planHash } from '../plan/hash.js';
import { checkpointsIn, stepFolder, stepOf } from '../plan/run-layout.js';
import type { RunPlan } from '../plan/schema.js';
import type { Hook } from './loop.js';

const MODEL = 'the model in training';

/** The batches of a run whose negatives are mined anew, and the hook that mines. */
interface Remining {
  readonly batches: Batches;
  readonly hooks: readonly Hook[];
}

interface Running {
  readonly plan: RunPlan;
  readonly sources: readonly Source[];
  readonly batches: Batches;
  readonly encoder: Encoder;
  readonly size: StepSize;
  /** The run's folder. */
  readonly folder: string;
  /** Steps done before. */
  readonly from: number;
  readonly say: (line: string) => void;
}

/**
 * Mines negatives with the model in training after every so many steps (ANCE, Xiong et al. 2021, without its lag). What
 * was mined after step s lies in `<run>/mined/step-s`, a function of the plan and s, and serves from step s + 1 on; a run
 * that goes on reads it there. A query that finds too few is filled up with the negatives that the run began with.
 *
 * @throws Fault where a run that goes on lacks what was mined before
 */
export async function remining(running: Running, mining: MiningPlan, every: string): Promise<Remining> {
  const { plan, sources, encoder, folder, from, say } = running;
  const steps = durationSteps(every, running.size);
  let batches = running.batches;
  const planAt = (step: number): MiningPlan => ({
    ...mining,
    by: [MODEL],
    folder: join(folder, 'mined', stepFolder(step)),
  });
  const take = (step: number): void => {
    const mined = sources.map((source) => withNegatives(source, planAt(step), plan.data.negatives.per_query));
    batches = running.batches.withNegatives(mined);
  };
  const mine = async (step: number): Promise<void> => {
    const began = performance.now();
    let negatives = 0;
    for (const source of sources) {
      const load: typeof vectorsOf = async (of, model, onProgress) =>
        model === MODEL
          ? embedSource(encoder, running.batches.tokens.get(of.name)!, `${planHash(plan)} step ${step}`)
          : vectorsOf(of, model, onProgress);
      const mined = await mineSource(source, planAt(step), () => {}, load);
      negatives += mined.negatives;
    }
    take(step);
    forget(folder, steps);
    say(`mined ${negatives} negatives after step ${step} in ${((performance.now() - began) / 1000).toFixed(1)} s`);
  };

  // What an earlier run left that saved no checkpoint.
  if (from === 0) rmSync(join(folder, 'mined'), { recursive: true, force: true });
  const due = Math.floor(from / steps) * steps;
  if (due > 0) {
    const missing = sources.map(({ name }) => minedFile(planAt(due), name)).find((file) => !existsSync(file));
    if (missing === undefined) take(due);
    // A run that stopped right after a step that mining follows.
    else if (due === from) await mine(due);
    else throw new Fault(`Expected what was mined after step ${due} at ${missing}, got none. Begin a new run.`);
  }
  return {
    batches: { ...batches, at: (step) => batches.at(step) },
    hooks: [
      async ({ step, last }) => {
        if (!last && step % steps === 0) await mine(step);
      },
    ],
  };
}

function withNegatives(source: Source, plan: MiningPlan, wanted: number): Source {
  const mined = readMined(source, plan);
  const began = new Map(source.pairs.map(({ query, negatives }) => [query, negatives]));
  const filled = mined.map(({ negatives, positives }, query) => {
    const more = negatives.length < wanted ? (began.get(query) ?? []).filter((one) => !negatives.includes(one)) : [];
    return { negatives: [...negatives, ...more], positives };
  });
  return withMined(source, filled);
}

/** What the model in training makes of a source, from the tokens that it trains on. */
async function embedSource(encoder: Encoder, tokens: SourceTokens, hash: string): Promise<SourceVectors> {
  const embed = (side: Side) => (sequences: readonly Int32Array[]) => encode(encoder, sequences, side).values;
  const queries = await embedInBlocks(tokens.queries, embed('query'));
  return { model: MODEL, hash, queries, documents: await embedInBlocks(tokens.documents, embed('document')) };
}

/** Removes what no checkpoint that is kept needs. */
function forget(folder: string, every: number): void {
  const [oldest] = checkpointsIn(folder);
  const needed = oldest === undefined ? 0 : Math.floor(stepOf(oldest) / every) * every;
  const all = join(folder, 'mined');
  for (const name of readdirSync(all)) {
    if (stepOf(name) < needed) rmSync(join(all, name), { recursive: true });
  }
}
