#!/usr/bin/env node
import process from 'node:process';
import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import { Fault } from '../plan/fault.js';
import { reportFaults } from './exit.js';
import { addVerbs } from './verbs.js';

await reportFaults(async () => {
  const words = hideBin(process.argv);
  const program = yargs(words)
    .scriptName('reasontune')
    .usage('$0 <command>\n\nFine-tune a retriever from a YAML plan, measure it, plot it.');
  await addVerbs(program, words);
  await program
    .demandCommand(1, 'Expected a command.')
    .strict()
    .recommendCommands()
    .wrap(Math.min(110, process.stdout.columns || 110))
    .fail((message, error) => {
      throw error ?? new Fault(`${message.split('\n').join(' ')} See reasontune --help.`);
    })
    .parseAsync();
});
