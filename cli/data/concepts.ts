import type { CommandModule } from 'yargs';
import { Fault } from '../../plan/fault.js';

interface ConceptsArguments {
  folder: string;
  seed: number;
  concepts: number;
  planted: number;
  copies: number;
  json: boolean;
}

/** `reasontune data concepts FOLDER`: a generated benchmark whose truth is known, false negatives planted in it. */
export const concepts: CommandModule<object, ConceptsArguments> = {
  command: 'concepts <folder>',
  describe: 'generate a benchmark with known truth and planted false negatives',
  builder: (yargs) =>
    yargs
      .positional('folder', { describe: 'a new folder', type: 'string', demandOption: true })
      .option('planted', { describe: 'share of negatives that are right answers', type: 'number', default: 0.2 })
      .option('copies', { describe: 'share of documents that have a copy or a near one', type: 'number', default: 0 })
      .option('concepts', { describe: 'how many', type: 'number', default: 200 })
      .option('seed', { describe: 'of all chance', type: 'number', default: 17 })
      .option('json', { describe: 'print one JSON object', type: 'boolean', default: false })
      .example('$0 data concepts concepts-40 --planted 0.4', 'two in five negatives are right answers'),
  handler: async ({ folder, seed, concepts: size, planted, copies, json }) => {
    for (const [name, share] of Object.entries({ planted, copies })) {
      if (share >= 0 && share <= 1) continue;
      throw new Fault(`Expected a share from 0 to 1 for --${name}, got ${share}. Write 0.2 for a fifth.`);
    }
    if (!Number.isInteger(size) || size < 10) {
      throw new Fault(`Expected 10 concepts or more for --concepts, got ${size}. Raise it.`);
    }
    if (!Number.isInteger(seed)) throw new Fault(`Expected an integer for --seed, got ${seed}. Write 17.`);
    const { writeConcepts } = await import('../../data/concepts/write.js');
    const made = writeConcepts(folder, { seed, concepts: size, planted, ...(copies > 0 && { copies }) });
    const words = `${made.documents} documents, ${made.train} training queries, ${made.test} test queries in ${folder}`;
    console.log(json ? JSON.stringify({ folder, ...made }) : words);
  },
};
