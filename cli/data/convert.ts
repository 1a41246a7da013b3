import type { CommandModule } from 'yargs';
import { readPlan } from '../../plan/read.js';
import { type DataArguments, dataArguments } from '../plan-arguments.js';
import { say } from '../progress.js';

/** `reasontune data convert PLAN --out FOLDER`: a plan's sources as files that stand on their own. */
export const convert: CommandModule<object, DataArguments & { out: string }> = {
  command: 'convert <plan>',
  describe: 'write the sources, joined and with their negatives, as .jsonl.gz',
  builder: (yargs) =>
    dataArguments(yargs)
      .option('out', { describe: 'folder', type: 'string', demandOption: true, requiresArg: true })
      .example('$0 data convert configs/reasonir.yaml --out reasonir', 'hq with its documents in it'),
  handler: async ({ plan: file, set, out, json }) => {
    const plan = readPlan(file, set);
    const { readSource } = await import('../../data/source.js');
    const { convertSource } = await import('../../data/convert.js');
    const written: { path: string; lines: number }[] = [];
    for (const source of plan.data.sources) {
      const read = await readSource(source, plan.data, say);
      for (const line of read.faults.lines(read.name)) say(line);
      written.push(await convertSource(read, out));
    }
    console.log(
      json ? JSON.stringify({ written }) : written.map(({ path, lines }) => `${path}: ${lines} pairs`).join('\n'),
    );
  },
};
