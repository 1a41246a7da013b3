import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { Fault } from '../plan/fault.js';
import { planHash } from '../plan/hash.js';
import { lock } from '../plan/lock.js';
import { readPlan } from '../plan/read.js';
import type { EvaluationEvent, EventLine, StepEvent } from '../plan/run-events.js';
import { lastCheckpoint, lockFile, stepOf } from '../plan/run-layout.js';
import type { RunPlan } from '../plan/schema.js';
import { writeWhole } from '../plan/whole-file.js';
import { openSinks } from './sinks/open-sinks.js';
import type { SinkName } from './sinks/sink.js';

/** The folder that one training run writes, held by one process at a time. */
export interface RunFolder {
  readonly path: string;
  log(event: StepEvent): void;
  /** Writes a step's evaluations, all or none. */
  logEvaluations(events: readonly EvaluationEvent[]): void;
  /** Those of the steps that a run that goes on has done. */
  evaluations(): EvaluationEvent[];
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

/**
 * Opens a run's folder for writing; what it logs goes to `watchers` too. Throws a Fault when another process is writing to
 * it.
 */
export function openRunFolder(
  path: string,
  plan: RunPlan,
  resumeFrom: string | null,
  provenance: Readonly<Record<string, string>>,
  watchers: readonly SinkName[] = [],
): RunFolder {
  mkdirSync(path, { recursive: true });
  const release = lock(join(path, lockFile), path);
  if (!resumeFrom) writeFileSync(join(path, 'plan.yaml'), planText(plan, provenance));
  const events = join(path, 'events.jsonl');
  keepEvents(events, resumeFrom ? stepOf(resumeFrom) : 0);
  if (!existsSync(events)) writeFileSync(events, '');
  const sinks = openSinks(watchers, path, plan);
  const append = (lines: readonly EventLine[]): void => {
    appendFileSync(events, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    for (const line of lines) sinks.line(line);
  };
  return {
    path,
    release: () => {
      sinks.close();
      release();
    },
    log: (event) => append([event]),
    logEvaluations: (found) => append(found.map((one) => ({ eval: one }))),
    evaluations: () =>
      linesOf(events)
        .filter((line) => line.startsWith(evaluationBegins))
        .map((line) => JSON.parse(line).eval as EvaluationEvent),
  };
}

function planText(plan: RunPlan, provenance: Record<string, string>): string {
  const facts = Object.entries({ hash: planHash(plan), ...provenance }).map(([key, value]) => `# ${key}: ${value}\n`);
  return `# The plan of this run, with every default filled in.\n${facts.join('')}${stringify(plan)}`;
}

const evaluationBegins = '{"eval":';

function linesOf(file: string): string[] {
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
}

/** Drops the steps after `last`: they are done again. */
function keepEvents(file: string, last: number): void {
  if (!existsSync(file)) return;
  const kept = linesOf(file).filter((line) => {
    const step = /^\{(?:"eval":\{)?"step":(\d+),.*\}$/.exec(line)?.[1];
    return step !== undefined && Number(step) <= last;
  });
  writeWhole(file, kept.map((line) => `${line}\n`).join(''));
}
