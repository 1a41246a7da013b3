import type { Argv } from 'yargs';

/** What every verb that runs a plan takes. */
export interface PlanArguments {
  plan: string;
  set: string[];
  out: string | undefined;
  'dry-run': boolean;
  json: boolean;
}

/** Declares them, in the verb's own words. */
export function planArguments(yargs: Argv, words: { plan: string; out: string; dryRun: string }) {
  return dataArguments(yargs, words.plan)
    .option('out', { describe: words.out, type: 'string', requiresArg: true })
    .option('dry-run', { describe: words.dryRun, type: 'boolean', default: false });
}

/** What every verb that reads a plan's data takes. */
export type DataArguments = Pick<PlanArguments, 'plan' | 'set' | 'json'>;

/** Declares them. */
export function dataArguments(yargs: Argv, plan = 'YAML file') {
  return yargs
    .positional('plan', { describe: plan, type: 'string', demandOption: true })
    .option('set', {
      describe: 'path=value, over the plan',
      type: 'string',
      array: true,
      default: [],
      requiresArg: true,
      nargs: 1,
    })
    .option('json', { describe: 'print one JSON object', type: 'boolean', default: false });
}
