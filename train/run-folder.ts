import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { Fault } from '../plan/fault.js';
import { planHash } from '../plan/hash.js';
import { lock } from '../plan/lock.js';
import { readPlan } from '../plan/read.js';
import { lastCheckpoint, stepOf } from '../plan/run-layout.js';
import type { RunPlan } from '../plan/schema.js';

/** A line of events.jsonl. `seconds` are since training began, `tokens` of this step, `memory_mb` the
 * most so far: of the device's memory on CUDA, else of the process. */
interface StepEvent {
  readonly step: number;
  readonly loss: number;
  readonly grad_norm: number;
  readonly lr: number;
  readonly tokens: number;
  readonly tokens_per_s: number;
  readonly seconds: number;
  readonly memory_mb: number;
  readonly source: string;
}

/** The folder that one training run writes, held by one process at a time. */
export interface RunFolder {
  readonly path: string;
  log(event: StepEvent): void;
  /** Lets another process in. */
  release(): void;
}

/**
 * The checkpoint to go on from, null for a new run. Throws a Fault when the folder holds a run (one that saved
 * something) and `resume` was not asked for, or when that run had another plan.
 */
export function checkpointToResume(path: string, plan: RunPlan, resume: boolean): string | null {
  const checkpoint = lastCheckpoint(path);
  if (!checkpoint) return null;
  if (!resume) {
    throw new Fault(
      `Expected a new folder for the run, but ${path} holds one. Continue it with --resume, or choose another with --out.`,
    );
  }
  const planFile = join(path, 'plan.yaml');
  if (planHash(readPlan(planFile)) !== planHash(plan)) {
    throw new Fault(
      `Expected the plan that ${path} was begun with, got another. Resume with ${planFile}, or choose another with --out.`,
    );
  }
  return checkpoint;
}

/** Opens a run's folder for writing. Throws a Fault when another process is writing to it. */
export function openRunFolder(
  path: string,
  plan: RunPlan,
  resumeFrom: string | null,
  provenance: Readonly<Record<string, string>>,
): RunFolder {
  mkdirSync(path, { recursive: true });
  const release = lock(join(path, '.lock'), path);
  if (!resumeFrom) writeFileSync(join(path, 'plan.yaml'), planText(plan, provenance));
  const events = join(path, 'events.jsonl');
  keepEvents(events, resumeFrom ? stepOf(resumeFrom) : 0);
  return { path, release, log: (event) => appendFileSync(events, `${JSON.stringify(event)}\n`) };
}

function planText(plan: RunPlan, provenance: Record<string, string>): string {
  const facts = Object.entries({ hash: planHash(plan), ...provenance }).map(([key, value]) => `# ${key}: ${value}\n`);
  return `# The plan of this run, with every default filled in.\n${facts.join('')}${stringify(plan)}`;
}

/** Drops the steps after `last`: they are done again. */
function keepEvents(file: string, last: number): void {
  if (!existsSync(file)) return;
  const lines = readFileSync(file, 'utf8').split('\n');
  const kept = lines.filter((line) => {
    const step = /^\{"step":(\d+),.*\}$/.exec(line)?.[1];
    return step !== undefined && Number(step) <= last;
  });
  writeFileSync(`${file}.new`, kept.map((line) => `${line}\n`).join(''));
  renameSync(`${file}.new`, file);
}
