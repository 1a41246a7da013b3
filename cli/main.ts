#!/usr/bin/env node
import process from 'node:process';
import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import { Fault, reasonOf } from '../plan/fault.js';
import { doctor } from './doctor.js';
import { evaluate } from './eval.js';
import { plot } from './plot.js';
import { sweep } from './sweep.js';
import { train } from './train.js';

/** Exit codes: 0 done, 1 a fault in what the user gave, 2 a bug of ours, 130 interrupted with everything saved. */
async function main(): Promise<void> {
  try {
    await yargs(hideBin(process.argv))
      .scriptName('reasontune')
      .usage('$0 <command>\n\nFine-tune a retriever from a YAML plan, measure it, plot it.')
      .command(train)
      .command(evaluate)
      .command(sweep)
      .command(plot)
      .command(doctor)
      .demandCommand(1, 'Expected a command. Try reasontune --help.')
      .strict()
      .recommendCommands()
      .wrap(Math.min(110, process.stdout.columns || 110))
      .fail((message, error) => {
        throw error ?? new Fault(`${message.split('\n').join(' ')} (reasontune --help shows what there is.)`);
      })
      .parseAsync();
  } catch (error) {
    if (error instanceof Fault) {
      process.stderr.write(`${error.message}\n`);
      process.exitCode = 1;
    } else {
      process.stderr.write(
        `${error instanceof Error ? error.stack : reasonOf(error)}\nThis is a bug in reasontune. Please report it with the lines above.\n`,
      );
      process.exitCode = 2;
    }
  }
}

await main();
