import { join } from 'node:path';
import type { CommandModule } from 'yargs';
import { duration } from '../plan/duration.js';
import { Fault } from '../plan/fault.js';
import { planHash } from '../plan/hash.js';
import { readPlan } from '../plan/read.js';
import type { RunPlan } from '../plan/schema.js';
import type { Estimate } from '../train/estimate.js';
import { type SinkName, sinkNames } from '../train/sinks/sink.js';
import { watchInterrupt } from './interrupt.js';
import { type PlanArguments, planArguments } from './plan-arguments.js';
import { clock, say } from './progress.js';
import { trainingLine } from './training-line.js';

interface TrainArguments extends PlanArguments {
  resume: boolean;
  'stop-at': string | undefined;
  trace: string | undefined;
  log: SinkName[];
}

/** `reasontune train PLAN`: train what a plan says. */
export const train: CommandModule<object, TrainArguments> = {
  command: 'train <plan>',
  describe: 'train what a YAML plan says, into checkpoints/<name>',
  builder: (yargs) =>
    planArguments(yargs, {
      plan: 'YAML file',
      out: 'run folder [checkpoints/<name>]',
      dryRun: 'print what would happen, and train nothing',
    })
      .option('resume', { describe: 'go on from the run folder’s last checkpoint', type: 'boolean', default: false })
      .option('log', {
        describe: 'write the run for another tool too, into a folder of the run',
        choices: sinkNames,
        array: true,
        default: [],
      })
      .option('stop-at', {
        describe: 'save and stop after "100 steps", say; --resume goes on as if it never had',
        type: 'string',
        requiresArg: true,
      })
      .option('trace', {
        describe: 'file for a trace of the run’s second to fourth step, for ui.perfetto.dev',
        type: 'string',
        requiresArg: true,
      })
      .example('$0 train configs/quickstart.yaml --set train.optimizer.learning_rate=1e-4', 'change one value'),
  handler: async (given) => {
    const plan = readPlan(given.plan, given.set);
    if (given['dry-run']) {
      const { estimate } = await import('../train/estimate.js');
      const planned = await estimate(plan, say);
      console.log(given.json ? JSON.stringify(planned) : inWords(plan, planned));
      return;
    }
    const stopAt = given['stop-at'];
    if (stopAt !== undefined && !duration.safeParse(stopAt).success) {
      throw new Fault(`Expected a duration for --stop-at, got ${stopAt}. Write --stop-at "100 steps".`);
    }
    const { stopped } = watchInterrupt(say);
    const folder = given.out ?? join('checkpoints', plan.name);
    // Loaded when needed: --help and a faulty plan are answered at once.
    const { train: run } = await import('../train/train.js');
    const { traceHook } = await import('../train/trace.js');
    const line = trainingLine();
    const hooks = [line.hook, ...(given.trace ? [traceHook(given.trace, say)] : [])];
    const done = await run(plan, {
      folder,
      resume: given.resume,
      stopAt,
      stopped,
      hooks,
      onScore: line.onScore,
      say,
      sinks: given.log,
    });
    const interrupted = done.ended === 'stopped';
    say(
      interrupted || done.until < done.total
        ? `saved ${done.checkpoint} after step ${done.step} of ${done.total}; go on with --resume`
        : `saved ${done.checkpoint}`,
    );
    if (given.json) console.log(JSON.stringify(done));
    if (interrupted) process.exitCode = 130;
  },
};

function inWords(plan: RunPlan, planned: Estimate): string {
  const grouped = (n: number): string => Math.round(n).toLocaleString('en');
  const pairs = Object.entries(planned.pairs).map(([name, n]) => `${name} ${grouped(n)}`);
  return [
    `plan        ${plan.name} (${planHash(plan)})`,
    `backend     ${planned.backend}`,
    `parameters  ${grouped(planned.parameters)}${planned.trained < planned.parameters ? `, of which ${grouped(planned.trained)} train` : ''}`,
    `pairs       ${pairs.join(', ')}`,
    `steps       ${grouped(planned.steps)} of ${plan.train.batch_size} queries`,
    `tokens      ${grouped(planned.tokens)}`,
    `memory      about ${(planned.memoryBytes / 2 ** 30).toFixed(1)} GiB`,
    `time        about ${clock(planned.seconds)}, at ${grouped(planned.tokensPerSecond)} tokens/s in a short measurement`,
  ].join('\n');
}
