import { join } from 'node:path';
import type { CommandModule } from 'yargs';
import { duration } from '../plan/duration.js';
import { Fault } from '../plan/fault.js';
import { planHash } from '../plan/hash.js';
import { readPlan } from '../plan/read.js';
import type { RunPlan } from '../plan/schema.js';
import type { Estimate } from '../train/estimate.js';
import type { Hook } from '../train/loop.js';
import { watchInterrupt } from './interrupt.js';
import { type PlanArguments, planArguments } from './plan-arguments.js';
import { clock, progress, say } from './progress.js';

interface TrainArguments extends PlanArguments {
  resume: boolean;
  'stop-at': string | undefined;
  trace: string | undefined;
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
    const hooks = [progressHook(), ...(given.trace ? [traceHook(given.trace, say)] : [])];
    const done = await run(plan, { folder, resume: given.resume, stopAt, stopped, hooks, say });
    const interrupted = done.step < done.until;
    say(
      done.step < done.total
        ? `saved ${done.checkpoint} after step ${done.step} of ${done.total}; go on with --resume`
        : `saved ${done.checkpoint}`,
    );
    if (given.json) console.log(JSON.stringify(done));
    if (interrupted) process.exitCode = 130;
  },
};

/** Where training is, how fast, and how long it will take at the speed so far. */
export function progressHook(): Hook {
  let [steps, tokens, seconds] = [0, 0, 0];
  return (finished) => {
    const { step, total, loss } = finished;
    steps++;
    tokens += finished.tokens;
    seconds += finished.seconds;
    const left = clock(((total - step) * seconds) / steps);
    const speed = Math.round(tokens / seconds).toLocaleString('en');
    const [title, time] = finished.last ? ['trained', `in ${clock(seconds)}`] : ['step', `${left} left`];
    progress(`${title} ${step}/${total}  loss ${loss.toFixed(4)}  ${speed} tokens/s  ${time}`, finished.last);
  };
}

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
