import type { CommandModule } from 'yargs';
import { audit } from './audit.js';
import { cache } from './cache.js';
import { concepts } from './concepts.js';
import { convert } from './convert.js';
import { inspect } from './inspect.js';
import { mine } from './mine.js';

/** `reasontune data …`: what a plan's data are, before training. */
export const data: CommandModule = {
  command: 'data',
  describe: 'look at, and prepare, what a plan trains on',
  builder: (yargs) =>
    yargs
      .command(inspect)
      .command(cache)
      .command(mine)
      .command(audit)
      .command(convert)
      .command(concepts)
      .demandCommand(1, 'Expected a command of data.'),
  handler: () => {},
};
