import { costDigits, machineCost, type Prices } from '../plan/prices.js';
import type { SweepRecord } from '../plan/sweep/record.js';
import type { Sweep } from '../plan/sweep/sweep.js';
import { type Cell, plainTable } from '../report/table.js';
import type { RunEstimate } from '../sweep/estimates.js';
import { clock } from './progress.js';

/** `sweep --dry-run`: every run with its time, memory and cost, and all that are left together. */
export function estimateTable(
  { parallel, halving }: Sweep,
  runs: readonly RunEstimate[],
  launcher: 'local' | 'slurm' | 'print',
  prices: Prices | null,
): string {
  // Here runs share a machine, elsewhere each has its own.
  const sharing = launcher === 'local' ? (parallel ?? 1) : 1;
  const left = runs.filter(({ state }) => state !== 'done');
  const seconds = left.reduce((sum, run) => sum + (run.seconds ?? 0), 0);
  const digits = prices
    ? costDigits(machineCost(prices, Math.max(seconds, ...runs.map((run) => run.seconds ?? 0))))
    : 2;
  const columns = [
    ...[{ heading: 'variant' }, { heading: 'seed', digits: 0 }, { heading: 'plan' }, { heading: 'duration' }],
    ...[{ heading: 'state' }, { heading: 'time' }, { heading: 'memory' }],
    ...(prices ? [{ heading: `cost, ${prices.currency}`, digits }] : []),
    { heading: 'measured by' },
  ];
  const rows = runs.map(({ variant, seed, hash, duration, state, seconds, memoryBytes, from }): Cell[] => [
    ...[variant, seed, hash, duration, state],
    ...[
      seconds === null ? '' : clock(seconds),
      memoryBytes === null ? '' : `${(memoryBytes / 2 ** 30).toFixed(1)} GiB`,
    ],
    ...(prices ? [seconds === null ? undefined : machineCost(prices, seconds)] : []),
    from,
  ]);
  const unknown = left.filter(({ seconds }) => seconds === null).length;
  const cost = prices ? `, ${machineCost(prices, seconds).toFixed(digits)} ${prices.currency}` : '';
  const atOnce = sharing > 1 ? `, ${sharing} at once: about ${clock(seconds / sharing)}` : '';
  return [
    plainTable(columns, rows),
    '',
    `${left.length} of ${runs.length} runs are left: ${clock(seconds)} of training${atOnce}${cost}${unknown > 0 ? `, and ${unknown} of unknown length` : ''}`,
    `Times are of training alone: not of starting, evaluation, or what runs share.${halving ? ' Halving will stop most runs early.' : ''}`,
    // Sharing threads makes each run longer: how much of the machine it has saved is known only afterwards.
    ...(prices && sharing > 1
      ? ['Each run is charged its own time, as if it had the machine alone: at most that, since they share it.']
      : []),
  ].join('\n');
}

/** The same as JSON: with prices, each run's cost, and that of all that are left. */
export function estimateJson(runs: readonly RunEstimate[], prices: Prices | null): object {
  if (prices === null) return { runs };
  const priced = runs.map((run) => ({ ...run, cost: run.seconds === null ? null : machineCost(prices, run.seconds) }));
  const left = priced.filter(({ state }) => state !== 'done');
  return { runs: priced, currency: prices.currency, cost: left.reduce((sum, { cost }) => sum + (cost ?? 0), 0) };
}

/** What a search drew, best first: each run's last score and its settings; none for sweeps that draw nothing. */
export function searchTable({ halving, variants }: Sweep, { runs }: SweepRecord): string[] {
  const drawn = variants.some(({ name }) => /(^|-)draw-\d+$/.test(name));
  if (!halving && !drawn) return [];
  const paths = [...new Set(runs.flatMap(({ settings }) => Object.keys(settings)))];
  const measure = halving?.by ?? Object.keys(runs.find(({ scores }) => scores)?.scores ?? {})[0] ?? '';
  const reached = runs
    .map((run) => {
      const values = Object.entries(run.scores ?? {}).flatMap(([key, value]) => (key.endsWith(measure) ? [value] : []));
      const final = values.length > 0 ? values.reduce((a, b) => a + b, 0) / values.length : undefined;
      return {
        run,
        rungs: (run.rungs?.length ?? 0) + (final === undefined ? 0 : 1),
        score: final ?? run.rungs?.at(-1)?.score,
      };
    })
    .sort((a, b) => b.rungs - a.rungs || (b.score ?? -1) - (a.score ?? -1));
  const columns = [
    ...[{ heading: 'variant' }, { heading: 'seed', digits: 0 }, { heading: 'steps', digits: 0 }],
    { heading: measure, digits: 3 },
    ...paths.map((heading) => ({ heading })),
  ];
  const rows = reached.map(({ run, score }): Cell[] => [
    ...[run.variant, run.seed, run.steps ?? 0, score],
    ...paths.map((path) => (path in run.settings ? shown(run.settings[path]) : '')),
  ]);
  return [plainTable(columns, rows)];
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
