import type { CommandModule } from 'yargs';

interface ResultsArguments {
  folders: string[];
  baseline: string | undefined;
  prices: string | undefined;
  out: string | undefined;
  json: boolean;
}

const text = { type: 'string', requiresArg: true } as const;

/** `reasontune results SWEEP`: a sweep's table, mean ± deviation over seeds, tested against a baseline. */
export const results: CommandModule<object, ResultsArguments> = {
  command: 'results <folders..>',
  describe: 'tables of a sweep or of runs: mean ± deviation over seeds, differences, p-values, tokens, time, cost',
  builder: (yargs) =>
    yargs
      .positional('folders', {
        describe: 'a sweep’s folder, run folders, or results of eval',
        type: 'string',
        array: true,
        demandOption: true,
      })
      .option('baseline', {
        ...text,
        describe: 'variant or system to test against; base: the model before training [what the sweep names]',
      })
      .option('prices', { ...text, describe: 'price file such as configs/prices.yaml: what the trainings cost' })
      .option('out', { ...text, describe: 'folder for results.arrow, .csv and .md [the first folder]' })
      .option('json', { describe: 'print one JSON object', type: 'boolean', default: false })
      .example('$0 results checkpoints/sweep-negatives --baseline bm25', 'against one of its variants'),
  handler: async ({ folders, baseline, prices: file, out, json }) => {
    const [{ readContenders }, { resultsTable }, { writeResults }, { resultsText }, { readPrices }, { say }] =
      await Promise.all([
        import('../report/results/contenders.js'),
        import('../report/results/results-table.js'),
        import('../report/results/write.js'),
        import('../report/results/markdown.js'),
        import('../plan/prices.js'),
        import('./progress.js'),
      ]);
    const prices = file === undefined ? null : readPrices(file);
    const table = resultsTable(readContenders(folders, baseline), prices);
    const files = writeResults(out ?? (folders[0] as string), table);
    console.log(json ? JSON.stringify({ ...table, files }) : resultsText(table));
    say(`tables: ${files.arrow}, ${files.csv}, ${files.markdown}`);
  },
};
