import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CommandModule } from 'yargs';
import { Fault } from '../plan/fault.js';
import { planHash } from '../plan/hash.js';
import { readSweep, type Sweep } from '../plan/sweep/read.js';
import { plainTable } from '../report/table.js';
import { runSweep } from '../sweep/run.js';
import { watchInterrupt } from './interrupt.js';
import { type PlanArguments, planArguments } from './plan-arguments.js';
import { say } from './progress.js';

/** `reasontune sweep PLAN`: a plan's variants, each with every seed; one table, one picture. */
export const sweep: CommandModule<object, PlanArguments> = {
  command: 'sweep <plan>',
  describe: 'train and evaluate a plan’s variants, each with every seed',
  builder: (yargs) =>
    planArguments(yargs, {
      plan: 'YAML file with variants and seeds',
      out: 'folder for all runs [checkpoints/<name>]',
      dryRun: 'list the runs, and train nothing',
    }).example('$0 sweep configs/sweep-negatives.yaml', 'run again to go on where it stopped'),
  handler: async (given) => {
    const read = readSweep(given.plan, given.set);
    if (given['dry-run']) {
      console.log(given.json ? JSON.stringify(read) : listing(read));
      return;
    }
    const folder = given.out ?? join('checkpoints', read.name);
    const { stopped } = watchInterrupt(say);
    const main = fileURLToPath(new URL('./main.js', import.meta.url));
    const result = await runSweep(read, { main, folder, stopped, say });
    for (const { run, reason } of result.failed) say(`failed: ${run}: ${reason}`);
    if (result.variants.every(({ scores }) => scores.length === 0)) {
      if (!result.interrupted)
        throw new Fault(`Expected a run of the sweep to finish, but all failed. Mend the fault above and run again.`);
    } else {
      const { writeSweep } = await import('../report/sweep.js');
      const files = writeSweep(folder);
      console.log(given.json ? JSON.stringify({ ...result, folder, ...files }) : files.text);
      say(`tables: ${files.arrow}, ${files.csv}, ${files.markdown}`);
      for (const { png, svg, pdf } of files.pictures) say(`picture: ${png}, ${svg}, ${pdf}`);
    }
    if (result.interrupted) {
      say('stopped; the same command goes on where it stopped');
      process.exitCode = 130;
    } else if (result.failed.length > 0) process.exitCode = 1;
  },
};

function listing({ variants }: Sweep): string {
  const rows = variants.flatMap(({ runs }) =>
    runs.map(({ variant, seed, plan }) => [variant, seed, planHash(plan), plan.train.duration]),
  );
  return plainTable(
    [{ heading: 'variant' }, { heading: 'seed', digits: 0 }, { heading: 'plan' }, { heading: 'duration' }],
    rows,
  );
}
