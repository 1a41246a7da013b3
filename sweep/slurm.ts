import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { z } from 'zod';
import { Fault, reasonOf } from '../plan/fault.js';
import type { SlurmPlan } from '../plan/sweep/schema.js';
import { quoted, runLine, shellLine } from './command-lines.js';
import type { Placed } from './layout.js';
import type { Ledger } from './ledger.js';
import type { Local } from './local.js';
import { sharedCommands } from './shared.js';

const execute = promisify(execFile);

const submitted = z.object({
  /** The job that makes what runs share; null where all of it was there. */
  shared: z.string().nullable(),
  /** The array job, and its tasks from 1 on: which run each is. */
  array: z.string(),
  runs: z.array(z.string()),
});
type Submitted = z.output<typeof submitted>;

interface OnSlurm extends Local {
  readonly folder: string;
  /** Between two looks at the queue. */
  readonly seconds?: number;
}

type Failed = { readonly run: string; readonly reason: string };

/**
 * Trains and evaluates what is not done as one array job, after a job for what runs share, and waits for them; a
 * second start while they are in the queue waits for the same ones.
 */
export async function runOnSlurm(
  ledger: Ledger,
  { main, folder, stopped, say, seconds = 5 }: OnSlurm,
): Promise<Failed[]> {
  const waiting = ledger.in('waiting', 'stopped');
  const before = jobsIn(folder);
  const going = before && (await tasksInQueue(before)).size > 0 ? before : null;
  const jobs = going ?? (waiting.length > 0 ? await submit(ledger, waiting, main, folder) : null);
  if (!jobs) return [];
  const ids = [jobs.shared, jobs.array].filter((id) => id !== null);
  say(`${going ? 'waiting for' : 'submitted'} ${jobs.runs.length} runs as Slurm job ${jobs.array}`);
  const runs = new Map(jobs.runs.map((name, i) => [String(i + 1), waiting.find((one) => one.name === name)]));
  for (let tasks = await tasksInQueue(jobs); tasks.size > 0; tasks = await tasksInQueue(jobs)) {
    for (const [task, placed] of runs) {
      if (!placed) continue;
      const state = tasks.get(task) === 'RUNNING' || tasks.get(task) === 'COMPLETING' ? 'running' : 'waiting';
      if (!tasks.has(task)) {
        ended(ledger, placed, folder, jobs, task, say);
        runs.delete(task);
      } else if (state !== ledger.of(placed).state) ledger.update(placed, state);
    }
    // In short waits, so that Ctrl-C is answered.
    for (let waited = 0; waited < seconds && !stopped(); waited += 0.2) await wait(200);
    if (stopped()) {
      say(
        `Slurm goes on with ${ids.join(' and ')}; the same command collects what they make, scancel ${ids.join(' ')} ends them`,
      );
      return [];
    }
  }
  for (const [task, placed] of runs) if (placed) ended(ledger, placed, folder, jobs, task, say);
  const reason = (jobs.shared === null ? undefined : lastLine(logOf(folder, jobs.shared))) ?? 'it left no log';
  return sharedCommands(folder, ledger.placed, [])
    .filter(({ done }) => !done())
    .map(({ name: run }) => ({ run, reason }));
}

function ended(
  ledger: Ledger,
  placed: Placed,
  folder: string,
  jobs: Submitted,
  task: string,
  say: (line: string) => void,
): void {
  const log = logOf(folder, `${jobs.array}_${task}`);
  const shared = jobs.shared === null ? undefined : lastLine(logOf(folder, jobs.shared));
  const reason =
    lastLine(log) ?? (shared === undefined ? `it left no log at ${log}` : `what it needs was not made: ${shared}`);
  const { state } = ledger.update(placed, 'failed', reason);
  say(`${placed.name}: ${state}`);
}

async function submit(ledger: Ledger, waiting: readonly Placed[], main: string, folder: string): Promise<Submitted> {
  const { name, slurm, parallel } = ledger.sweep;
  const own = join(folder, 'slurm');
  mkdirSync(own, { recursive: true });
  const shared = sharedCommands(folder, ledger.placed, waiting).filter(({ done }) => !done());
  const script = (file: string, options: SlurmPlan, body: readonly string[]): string => {
    const head = Object.entries({ ...options, ...slurm }).map(directive);
    writeFileSync(join(own, file), ['#!/bin/bash', ...head, ...body, ''].join('\n'));
    return resolve(own, file);
  };
  const here = { chdir: process.cwd() };
  let first: string | null = null;
  if (shared.length > 0) {
    // Each is tried: a run that needs one that failed says so itself.
    const commands = shared.map(({ args }) => `${shellLine(main, args)} || true`);
    const options = { 'job-name': `${name}-shared`, ...here, output: resolve(own, '%j.log') };
    first = await sbatch(script('shared.sh', options, commands));
  }
  const tasks = resolve(own, 'runs.txt');
  writeFileSync(tasks, waiting.map((one) => `${runLine(main, one)}\n`).join(''));
  const options = {
    'job-name': name,
    ...here,
    array: `1-${waiting.length}${parallel === null ? '' : `%${parallel}`}`,
    output: resolve(own, '%A_%a.log'),
    ...(first !== null && { dependency: `afterany:${first}` }),
  };
  const body = [`exec bash -c "$(sed -n "\${SLURM_ARRAY_TASK_ID}p" ${quoted(tasks)})"`];
  const array = await sbatch(script('runs.sh', options, body));
  const jobs = { shared: first, array, runs: waiting.map((one) => one.name) };
  writeFileSync(join(own, 'jobs.json'), `${JSON.stringify(jobs)}\n`);
  return jobs;
}

function directive([key, value]: [string, string | number | boolean]): string {
  if (value === false) return '';
  return value === true ? `#SBATCH --${key}` : `#SBATCH --${key}="${String(value).replaceAll('"', '\\"')}"`;
}

async function sbatch(script: string): Promise<string> {
  const { stdout } = await slurm('sbatch', ['--parsable', script]);
  return stdout.trim().split(';', 1)[0] as string;
}

/** Tasks that are in the queue, by number, and their states; the shared job is `shared`. */
async function tasksInQueue({ shared, array }: Submitted): Promise<Map<string, string>> {
  const { stdout } = await slurm('squeue', ['--noheader', '--array', '--me', '--format=%A %F %K %T']);
  const tasks = new Map<string, string>();
  for (const line of stdout.trim().split('\n')) {
    const [id, job, task, state] = line.trim().split(/\s+/) as [string, string?, string?, string?];
    if (job === array) tasks.set(task ?? '', state ?? '');
    else if (id === shared) tasks.set('shared', state ?? '');
  }
  return tasks;
}

async function slurm(program: string, args: readonly string[]): Promise<{ stdout: string }> {
  try {
    return await execute(program, args);
  } catch (error) {
    const { code, stderr } = error as { code?: unknown; stderr?: string };
    const got = code === 'ENOENT' ? 'no such program' : stderr?.trim().split('\n').at(-1) || reasonOf(error);
    throw new Fault(
      `Expected Slurm to run ${program}, got: ${got}. Start the sweep on a node that submits jobs, or use --launcher print.`,
    );
  }
}

function jobsIn(folder: string): Submitted | null {
  const file = join(folder, 'slurm', 'jobs.json');
  if (!existsSync(file)) return null;
  const { data } = submitted.safeParse(JSON.parse(readFileSync(file, 'utf8')));
  return data ?? null;
}

function logOf(folder: string, job: string): string {
  return join(folder, 'slurm', `${job}.log`);
}

function lastLine(file: string): string | undefined {
  if (!existsSync(file)) return undefined;
  return readFileSync(file, 'utf8')
    .split('\n')
    .findLast((line) => line.trim() !== '');
}
