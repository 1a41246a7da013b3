import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { planHash } from '../plan/hash.js';
import type { RunPlan } from '../plan/schema.js';
import type { Sweep } from '../plan/sweep/read.js';
import { runCommand } from './process.js';

/** A measure's values by set: `pep test nDCG@10` → 0.41. */
type Scores = Readonly<Record<string, number>>;

export interface SweepResult {
  readonly variants: readonly { readonly name: string; readonly scores: readonly Scores[] }[];
  /** The base model and BM25, which training does not change. */
  readonly baselines: readonly { readonly name: string; readonly scores: Scores }[];
  readonly failed: readonly { readonly run: string; readonly reason: string }[];
  readonly interrupted: boolean;
}

export interface SweepOptions {
  /** The compiled command line. */
  readonly main: string;
  readonly folder: string;
  readonly stopped: () => boolean;
  readonly say: (line: string) => void;
}

/**
 * Trains and evaluates every variant with every seed, each in a folder named by variant, seed and plan hash. A run that
 * is done is not repeated, one that was stopped goes on, and one that fails is reported while the others go on.
 */
export async function runSweep(sweep: Sweep, { main, folder, stopped, say }: SweepOptions): Promise<SweepResult> {
  mkdirSync(join(folder, 'plans'), { recursive: true });
  const runs = sweep.variants.flatMap(({ runs }) => runs);
  const scores = new Map<string, Scores>();
  const failed: { run: string; reason: string }[] = [];
  for (const [i, { variant, seed, plan }] of runs.entries()) {
    if (stopped()) break;
    const run = join(folder, `${variant}-seed${seed}-${planHash(plan)}`);
    say(`run ${i + 1} of ${runs.length}: ${variant}, seed ${seed}`);
    const outcome = await trainAndScore(main, run, savePlan(folder, plan));
    if ('scores' in outcome) scores.set(plan.name, outcome.scores);
    else if (!outcome.interrupted) failed.push({ run, reason: outcome.reason });
  }
  const [first] = runs;
  return {
    variants: sweep.variants.map(({ name, runs }) => ({
      name,
      scores: runs.map(({ plan }) => scores.get(plan.name)).filter((found) => found !== undefined),
    })),
    baselines: first && !stopped() ? await scoreBaselines(main, folder, first.plan) : [],
    failed,
    interrupted: stopped(),
  };
}

/** The plan as a file that `train` can read, kept beside the runs. */
function savePlan(folder: string, plan: RunPlan): string {
  const file = join(folder, 'plans', `${plan.name}.yaml`);
  writeFileSync(file, stringify(plan));
  return file;
}

type Outcome = { readonly scores: Scores } | { readonly reason: string; readonly interrupted: boolean };

async function trainAndScore(main: string, run: string, plan: string): Promise<Outcome> {
  const done = join(run, 'scores.json');
  if (!existsSync(done)) {
    const resume = existsSync(join(run, 'plan.yaml')) ? ['--resume'] : [];
    const trained = await runCommand(main, ['train', plan, '--out', run, ...resume]);
    if (trained.code !== 0) return { reason: trained.lastLine, interrupted: trained.code === 130 };
    const scored = await runCommand(main, ['eval', run, '--json']);
    if (scored.code !== 0) return { reason: scored.lastLine, interrupted: scored.code === 130 };
    writeFileSync(done, `${JSON.stringify(scoresOf(scored.stdout)[0]?.scores)}\n`);
  }
  return { scores: JSON.parse(readFileSync(done, 'utf8')) as Scores };
}

/** Scores BM25 and the untouched base once for the whole sweep. */
async function scoreBaselines(main: string, folder: string, plan: RunPlan): Promise<SweepResult['baselines']> {
  const done = join(folder, `baselines-${planHash(plan)}.json`);
  if (!existsSync(done)) {
    const file = savePlan(folder, plan);
    const out = join(folder, 'baselines');
    const scored = await runCommand(main, ['eval', 'bm25', plan.model.base, '--plan', file, '--out', out, '--json']);
    if (scored.code !== 0) return [];
    writeFileSync(done, `${JSON.stringify(scoresOf(scored.stdout))}\n`);
  }
  return JSON.parse(readFileSync(done, 'utf8')) as SweepResult['baselines'];
}

interface EvalOutput {
  readonly results: readonly { system: string; set: string; split: string; metrics: Record<string, number> }[];
}

/** `eval --json`'s results, a row a system. */
function scoresOf(stdout: string): { name: string; scores: Scores }[] {
  const { results } = JSON.parse(stdout) as EvalOutput;
  const bySystem = new Map<string, Record<string, number>>();
  for (const { system, set, split, metrics } of results) {
    const scores = bySystem.get(system) ?? {};
    for (const [measure, value] of Object.entries(metrics)) scores[`${set} ${split} ${measure}`] = value;
    bySystem.set(system, scores);
  }
  return [...bySystem].map(([name, scores]) => ({ name, scores }));
}
