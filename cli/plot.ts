import { join } from 'node:path';
import type { CommandModule } from 'yargs';

interface PlotArguments {
  runs: string[];
  out: string | undefined;
  json: boolean;
}

/** `reasontune plot RUN..`: the loss curves of runs in one picture. */
export const plot: CommandModule<object, PlotArguments> = {
  command: 'plot <runs..>',
  describe: 'draw the loss curves of runs into one picture',
  builder: (yargs) =>
    yargs
      .positional('runs', { describe: 'run folders', type: 'string', array: true, demandOption: true })
      .option('out', { describe: 'path without .png and .svg [<first run>/loss]', type: 'string', requiresArg: true })
      .option('json', { describe: 'print one JSON object', type: 'boolean', default: false })
      .example('$0 plot checkpoints/vl checkpoints/vl-hq --out figures/loss', 'compare two runs'),
  handler: async ({ runs, out, json }) => {
    const { writeLossCurve } = await import('../report/loss-curve.js');
    const paths = writeLossCurve(out ?? join(runs[0] ?? '.', 'loss'), runs);
    console.log(json ? JSON.stringify(paths) : `${paths.png}\n${paths.svg}`);
  },
};
