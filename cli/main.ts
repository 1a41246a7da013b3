#!/usr/bin/env node
import process from 'node:process';
import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import { Fault } from '../plan/fault.js';
import { board } from './board.js';
import { compare } from './compare.js';
import { data } from './data/data.js';
import { doctor } from './doctor.js';
import { evaluate } from './eval.js';
import { reportFaults } from './exit.js';
import { plot } from './plot.js';
import { rag } from './rag.js';
import { rerank } from './rerank.js';
import { search } from './search.js';
import { sweep } from './sweep.js';
import { synth } from './synth.js';
import { train } from './train.js';

await reportFaults(async () => {
  await yargs(hideBin(process.argv))
    .scriptName('reasontune')
    .usage('$0 <command>\n\nFine-tune a retriever from a YAML plan, measure it, plot it.')
    .command(train)
    .command(evaluate)
    .command(compare)
    .command(rerank)
    .command(search)
    .command(rag)
    .command(sweep)
    .command(synth)
    .command(plot)
    .command(board)
    .command(data)
    .command(doctor)
    .demandCommand(1, 'Expected a command.')
    .strict()
    .recommendCommands()
    .wrap(Math.min(110, process.stdout.columns || 110))
    .fail((message, error) => {
      throw error ?? new Fault(`${message.split('\n').join(' ')} See reasontune --help.`);
    })
    .parseAsync();
});
