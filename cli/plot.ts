import { join } from 'node:path';
import type { CommandModule } from 'yargs';
import { Fault } from '../plan/fault.js';
import type { Picture } from '../report/charts/chart.js';
import { type Axis, axes } from '../report/training/axis.js';

interface PlotArguments {
  paths: string[];
  kind: Kind;
  x: Axis | undefined;
  set: string | undefined;
  measure: string | undefined;
  baseline: string | undefined;
  out: string | undefined;
  json: boolean;
}

type Draw = (prefix: string, given: PlotArguments) => Promise<Picture>;

const training =
  (quantity: 'loss' | 'learning-rate' | 'gradient-norm' | 'throughput'): Draw =>
  async (prefix, { paths, x }) =>
    (await import('../report/training/plot.js')).writeTraining(prefix, paths, quantity, x);

const tableOf = async ({ paths, baseline }: PlotArguments) => {
  const [{ readContenders }, { resultsTable }] = await Promise.all([
    import('../report/results/contenders.js'),
    import('../report/results/results-table.js'),
  ]);
  return resultsTable(readContenders(paths, baseline), null);
};

/** What can be drawn, each of run folders, sweep folders or results as its describing line says. */
const kinds = {
  loss: { of: 'runs', draw: training('loss') },
  'learning-rate': { of: 'runs', draw: training('learning-rate') },
  'gradient-norm': { of: 'runs', draw: training('gradient-norm') },
  throughput: { of: 'runs', draw: training('throughput') },
  evals: {
    of: 'runs',
    draw: async (prefix, { paths, x = 'step', set, measure }) =>
      (await import('../report/training/evaluations.js')).writeEvaluations(prefix, paths, { axis: x, set, measure }),
  },
  ablation: {
    of: 'table',
    draw: async (prefix, given) =>
      (await import('../report/results/plot.js')).writeAblation(prefix, await tableOf(given), given),
  },
  forest: {
    of: 'table',
    draw: async (prefix, given) =>
      (await import('../report/results/plot.js')).writeForest(prefix, await tableOf(given), given),
  },
  queries: {
    of: 'results',
    draw: async (prefix, given) =>
      (await import('../report/systems/histograms.js')).writeQueryHistogram(prefix, given.paths, given),
  },
  scores: {
    of: 'results',
    draw: async (prefix, given) =>
      (await import('../report/systems/histograms.js')).writeScoreHistogram(prefix, given.paths, given),
  },
  ties: {
    of: 'results',
    draw: async (prefix, given) => (await import('../report/systems/ties.js')).writeTies(prefix, given.paths, given),
  },
  pool: {
    of: 'results',
    draw: async (prefix, given) => (await import('../report/systems/pool.js')).writePool(prefix, given.paths, given),
  },
  lengths: {
    of: 'texts',
    draw: async (prefix, { paths }) => {
      const [{ readLengths }, { writeLengths }] = await Promise.all([
        import('./lengths.js'),
        import('../report/lengths.js'),
      ]);
      const kinds = await Promise.all(paths.map((path) => readLengths(path, 'test')));
      return writeLengths(prefix, paths.join(', '), kinds.flat());
    },
  },
} as const satisfies Record<string, { readonly of: Subject; readonly draw: Draw }>;

type Kind = keyof typeof kinds;
/** What a kind is drawn of, which says what else can be asked of it. */
type Subject = 'runs' | 'table' | 'results' | 'texts';

const kindNames = Object.keys(kinds) as Kind[];
const text = { type: 'string', requiresArg: true } as const;

/** `reasontune plot RUN..`: pictures of runs, of sweeps and of results. */
export const plot: CommandModule<object, PlotArguments> = {
  command: 'plot <paths..>',
  describe: 'draw runs, sweeps and results: loss curves, ablations, forest plots, histograms, …',
  builder: (yargs) =>
    yargs
      .positional('paths', {
        describe:
          'run folders or sweep folders; results of eval; for lengths, plans or folders in BEIR layout; for ties, what rerank --json printed',
        type: 'string',
        array: true,
        demandOption: true,
      })
      .option('kind', { describe: 'what to draw', choices: kindNames, default: 'loss' as const, requiresArg: true })
      .option('x', { describe: 'over what training is drawn [step]', choices: axes, requiresArg: true })
      .option('set', { ...text, describe: 'the eval set [the first; for a forest, all]' })
      .option('measure', { ...text, describe: 'the measure, such as nDCG@10 [the first]' })
      .option('baseline', { ...text, describe: 'for ablation and forest: what to test against [what the sweep names]' })
      .option('out', { ...text, describe: 'path without .png, .svg and .pdf [<first path>/<kind>]' })
      .option('json', { describe: 'print one JSON object', type: 'boolean', default: false })
      .example('$0 plot checkpoints/vl checkpoints/vl-hq --x tokens', 'two runs’ losses')
      .example('$0 plot checkpoints/sweep-negatives --kind forest', 'what each variant gains, with intervals'),
  handler: async (given) => {
    check(given);
    const { paths, kind, out, json } = given;
    const picture = await kinds[kind].draw(out ?? defaultPlace(paths[0] as string, kind), given);
    console.log(json ? JSON.stringify(picture) : Object.values(picture).join('\n'));
  },
};

/** Beside what is drawn: in its folder, or, for a file, next to it. */
function defaultPlace(path: string, kind: Kind): string {
  return /\.(json|ya?ml)$/.test(path) ? `${path.replace(/\.\w+$/, '')}-${kind}` : join(path, kind);
}

/** @throws Fault an option that the kind has no use for. */
function check({ kind, x, set, measure, baseline }: PlotArguments): void {
  const subject: Subject = kinds[kind].of;
  const needless = [
    x !== undefined && subject !== 'runs' && '--x',
    (set !== undefined || measure !== undefined) &&
      (subject === 'texts' || (subject === 'runs' && kind !== 'evals')) &&
      '--set or --measure',
    baseline !== undefined && subject !== 'table' && '--baseline',
  ].find((option) => option !== false);
  if (needless) throw new Fault(`Expected no ${needless} for --kind ${kind}, which has no use for it. Leave it away.`);
}
