import type { CommandModule } from 'yargs';
import { cache } from './cache.js';
import { concepts } from './concepts.js';
import { inspect } from './inspect.js';

/** `reasontune data …`: what a plan's data are, before training. */
export const data: CommandModule = {
  command: 'data',
  describe: 'look at, and prepare, what a plan trains on',
  builder: (yargs) =>
    yargs.command(inspect).command(cache).command(concepts).demandCommand(1, 'Expected a command of data.'),
  handler: () => {},
};
