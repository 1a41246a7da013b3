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
  return yargs
    .positional('plan', { describe: words.plan, type: 'string', demandOption: true })
    .option('set', {
      describe: 'path=value, over the plan',
      type: 'string',
      array: true,
      default: [],
      requiresArg: true,
      nargs: 1,
    })
    .option('out', { describe: words.out, type: 'string', requiresArg: true })
    .option('dry-run', { describe: words.dryRun, type: 'boolean', default: false })
    .option('json', { describe: 'print one JSON object', type: 'boolean', default: false });
}
