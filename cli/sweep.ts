import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CommandModule } from 'yargs';
import { Fault } from '../plan/fault.js';
import { type Prices, readPrices } from '../plan/prices.js';
import { readSweep } from '../plan/sweep/read.js';
import type { Sweep } from '../plan/sweep/sweep.js';
import { commandLines } from '../sweep/command-lines.js';
import { estimateRuns } from '../sweep/estimates.js';
import { interruptAll } from '../sweep/process.js';
import { runSweep, type SweepResult } from '../sweep/run.js';
import { watchInterrupt } from './interrupt.js';
import { type PlanArguments, planArguments } from './plan-arguments.js';
import { say } from './progress.js';
import { estimateJson, estimateTable, searchTable } from './sweep-tables.js';

const launchers = ['local', 'slurm', 'print'] as const;

interface SweepArguments extends PlanArguments {
  launcher: (typeof launchers)[number];
  prices: string | undefined;
}

/** `reasontune sweep PLAN`: a plan's variants, each with every seed; tables and pictures. */
export const sweep: CommandModule<object, SweepArguments> = {
  command: 'sweep <plan>',
  describe: 'train and evaluate many variants of a plan, each with every seed',
  builder: (yargs) =>
    planArguments(yargs, {
      plan: 'YAML file with seeds and variants, axes or a search',
      out: 'folder for all runs [checkpoints/<name>]',
      dryRun: 'list the runs with their time, memory and cost, and train nothing',
    })
      .option('launcher', {
        describe: 'where runs run: on this machine, as a Slurm array job, or wherever you run the printed commands',
        choices: launchers,
        default: 'local' as const,
      })
      .option('prices', {
        describe: 'price file such as configs/prices.yaml: what the trainings cost, in the table and the estimate',
        type: 'string',
        requiresArg: true,
      })
      .example('$0 sweep configs/sweep-negatives.yaml', 'run again to go on where it stopped'),
  handler: async (given) => {
    const read = readSweep(given.plan, given.set);
    const folder = given.out ?? join('checkpoints', read.name);
    const main = fileURLToPath(new URL('./main.js', import.meta.url));
    refuseLauncher(read, given);
    const prices = given.prices === undefined ? null : readPrices(given.prices);
    if (given.launcher === 'print' && !given['dry-run']) {
      const lines = commandLines(read, main, folder);
      console.log(given.json ? JSON.stringify(lines) : inWords(lines));
      return;
    }
    const { stopped } = watchInterrupt(say, interruptAll);
    if (given['dry-run']) {
      const runs = await estimateRuns(read, folder, { main, stopped, say });
      console.log(
        given.json ? JSON.stringify(estimateJson(runs, prices)) : estimateTable(read, runs, given.launcher, prices),
      );
      if (stopped()) process.exitCode = 130;
      return;
    }
    const launcher = given.launcher === 'slurm' ? 'slurm' : 'local';
    const result = await runSweep(read, { main, folder, launcher, stopped, say });
    await report(read, result, { folder, prices, json: given.json });
  },
};

function refuseLauncher({ halving, devices }: Sweep, { launcher, 'dry-run': dry, prices, plan }: SweepArguments): void {
  if (prices !== undefined && launcher === 'print' && !dry) {
    const remedy = 'Give it to the sweep at the end, or add --dry-run';
    throw new Fault(
      `Expected no --prices for --launcher print, which prints commands alone, got ${prices}. ${remedy}.`,
    );
  }
  if (launcher === 'local') return;
  if (halving) {
    const why = 'halving waits for scores before it knows the next run';
    throw new Fault(
      `Expected --launcher local for ${plan}, got ${launcher}: ${why}. Remove halving, or run it on one machine.`,
    );
  }
  if (devices) {
    const remedy = 'Write slurm: {gres: "gpu:1"} for a GPU to each run';
    throw new Fault(`Expected no devices in ${plan} for --launcher ${launcher}, got this machine's. ${remedy}.`);
  }
}

interface Reporting {
  readonly folder: string;
  readonly prices: Prices | null;
  readonly json: boolean;
}

async function report(read: Sweep, result: SweepResult, { folder, prices, json }: Reporting): Promise<void> {
  for (const { run, reason } of result.failed) say(`failed: ${run}: ${reason}`);
  if (result.variants.every(({ scores }) => scores.length === 0)) {
    if (!result.interrupted)
      throw new Fault(`Expected a run of the sweep to finish, but all failed. Mend the fault above and run again.`);
  } else {
    const { writeSweep } = await import('../report/sweep.js');
    const files = writeSweep(folder, prices);
    const tables = [files.text, ...searchTable(read, result.record)];
    console.log(json ? JSON.stringify({ ...result, folder, ...files }) : tables.join('\n\n'));
    say(`tables: ${files.arrow}, ${files.csv}, ${files.markdown}`);
    for (const { png, svg, pdf } of files.pictures) say(`picture: ${png}, ${svg}, ${pdf}`);
  }
  if (result.interrupted) {
    say('stopped; the same command goes on where it stopped');
    process.exitCode = 130;
  } else if (result.failed.length > 0) process.exitCode = 1;
}

function inWords({ shared, runs }: { shared: readonly string[]; runs: readonly string[] }): string {
  const before = shared.length === 0 ? [] : ['# First, in this order: what runs share.', ...shared];
  const each = runs.length === 0 ? ['# All runs are done.'] : ['# Then these, in any order and at once.', ...runs];
  return [...before, ...each, '# At the end the sweep itself, for the tables: it finds the runs done.'].join('\n');
}
