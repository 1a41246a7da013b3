import { type Comparison, compareResults } from '../../eval/compare.js';
import { type Result, titleOf } from '../../eval/result.js';
import { machineCost, type Prices } from '../../plan/prices.js';
import { meanStd } from '../table.js';
import type { Contenders } from './contenders.js';
import type { Trained } from './trained.js';

/** A measure's value, and how it differs from the baseline's. */
export interface Mark {
  /** Over the queries; of a variant, then over its seeds. */
  readonly mean: number;
  /** Sample standard deviation over seeds; null for fewer than two. */
  readonly sd: number | null;
  /** Of a variant, each seed's mean. */
  readonly seeds: readonly number[];
  /** Null for a single run, a reference, and the baseline itself. */
  readonly versus: Pick<Comparison, 'difference' | 'interval' | 'p' | 'holm' | 'wins' | 'ties' | 'losses'> | null;
}

/** A run, a variant (its seeds taken together) or a system, on one set. */
export interface ResultsRow {
  readonly kind: 'run' | 'variant' | 'system';
  /** The variant's or the system's name. */
  readonly name: string;
  readonly seed: number | null;
  /** How many seeds it stands for; 0 for a system, which has none. */
  readonly seeds: number;
  readonly hash: string | null;
  readonly folder: string | null;
  readonly set: string;
  readonly split: string | null;
  readonly queries: number;
  readonly documents: number | null;
  /** By measure. */
  readonly marks: Readonly<Record<string, Mark>>;
  /** Of the training; of a variant, the mean of its runs. Money by the machine's price an hour. */
  readonly tokens: number | null;
  readonly seconds: number | null;
  readonly cost: number | null;
  /** In what a variant differs from its sweep's plan. */
  readonly settings: Readonly<Record<string, unknown>>;
}

/** The set and split that a row is of. */
export function titleOfRow({ set, split }: ResultsRow): string {
  return split === null ? set : `${set}, ${split}`;
}

export interface ResultsTable {
  readonly name: string;
  readonly baseline: string | null;
  readonly measures: readonly string[];
  /** Set by set: systems, variants, then their runs. */
  readonly rows: readonly ResultsRow[];
  /** Over how many p-values Holm's correction goes. */
  readonly comparisons: number;
  readonly currency: string | null;
  /** Runs that have no results, and why. */
  readonly lacking: readonly { readonly variant: string; readonly seed: number; readonly reason: string }[];
}

/**
 * Puts contenders into one table. A variant is tested against the baseline query by query: a query's value is the mean
 * over the seeds, and pairs are formed over queries, so that the interval and p say how it would be with other queries,
 * not with other seeds. Holm's correction goes over all of the table's comparisons.
 *
 * @param prices what an hour of the machine costs; null: no cost
 */
export function resultsTable(contenders: Contenders, prices: Prices | null): ResultsTable {
  const { name, baseline, systems, references } = contenders;
  const evaluated = contenders.runs.filter(({ results }) => results.length > 0);
  const costOf = ({ seconds }: Effort): number | null =>
    prices && seconds !== null ? machineCost(prices, seconds) : null;
  const variants = [...new Set(evaluated.map(({ variant }) => variant))].map((variant) => {
    const runs = evaluated.filter((run) => run.variant === variant);
    return { variant, runs, effort: { tokens: meanOf(runs, 'tokens'), seconds: meanOf(runs, 'seconds') } };
  });
  const fixed = [...references, ...systems];
  const titles = [...new Set([...evaluated.flatMap(({ results }) => results), ...fixed].map(titleOf))];
  const means = variants.flatMap(({ variant, runs }) =>
    titles.flatMap((title) => overSeeds(variant, onSet(runs, title)) ?? []),
  );
  const comparisons = compareAll(baseline, [...means, ...systems], references);
  const versus = (system: string, result: Result, measure: string): Mark['versus'] =>
    comparisons.find((one) => one.system === system && one.set === titleOf(result) && one.measure === measure) ?? null;

  const rows = titles.flatMap((title): ResultsRow[] => [
    ...fixed
      .filter((result) => titleOf(result) === title)
      .map((result) => ({
        ...rowOf('system', result.system, result, (value, measure) =>
          single(value, versus(result.system, result, measure)),
        ),
        ...{ seeds: 0, tokens: null, seconds: null, cost: null },
      })),
    ...variants.flatMap(({ variant, runs, effort }): ResultsRow[] => {
      const here = onSet(runs, title);
      const mean = means.find((one) => one.system === variant && titleOf(one) === title);
      if (!mean) return [];
      const all = rowOf('variant', variant, mean, (value, measure) => {
        const seeds = here.map(({ result }) => result.metrics[measure]).filter((one) => one !== undefined);
        const { std } = meanStd(seeds);
        return { mean: value, sd: Number.isFinite(std) ? std : null, seeds, versus: versus(variant, mean, measure) };
      });
      const { settings } = runs[0] as Trained;
      return [
        { ...all, ...effort, cost: costOf(effort), seeds: here.length, settings },
        ...here.map(({ run, result }) => ({
          ...rowOf('run', variant, result, (value) => single(value, null)),
          ...{ seed: run.seed, seeds: 1, hash: run.hash, folder: run.folder, settings },
          ...{ tokens: run.tokens, seconds: run.seconds, cost: costOf(run) },
        })),
      ];
    }),
  ]);
  return {
    name,
    baseline,
    measures: [...new Set(rows.flatMap(({ marks }) => Object.keys(marks)))],
    rows,
    comparisons: comparisons.length,
    currency: prices?.currency ?? null,
    lacking: contenders.runs.flatMap(({ variant, seed, lacking }) =>
      lacking === null ? [] : [{ variant, seed, reason: lacking }],
    ),
  };
}

type Effort = Pick<Trained, 'tokens' | 'seconds'>;

function meanOf(runs: readonly Trained[], what: keyof Effort): number | null {
  const known = runs.flatMap((run) => run[what] ?? []);
  return known.length === 0 ? null : meanStd(known).mean;
}

function onSet(runs: readonly Trained[], title: string): { run: Trained; result: Result }[] {
  return runs.flatMap((run) => {
    const result = run.results.find((one) => titleOf(one) === title);
    return result ? [{ run, result }] : [];
  });
}

/** One result for a variant: each query's mean over the seeds, of the queries that all of them have. */
function overSeeds(variant: string, runs: readonly { result: Result }[]): Result | null {
  const [first] = runs;
  if (!first) return null;
  const all = runs.map(({ result }) => result.perQuery);
  const perQuery = Object.fromEntries(
    Object.entries(first.result.perQuery)
      .filter(([measure]) => all.every((one) => one[measure] !== undefined))
      .map(([measure, values]) => [
        measure,
        Object.fromEntries(
          Object.keys(values)
            .filter((query) => all.every((one) => one[measure]?.[query] !== undefined))
            .map((query) => [query, meanStd(all.map((one) => one[measure]?.[query] as number)).mean]),
        ),
      ]),
  );
  const metrics = Object.fromEntries(
    Object.keys(perQuery).map((measure) => [
      measure,
      meanStd(runs.map(({ result }) => result.metrics[measure] as number)).mean,
    ]),
  );
  return { ...first.result, system: variant, perQuery, metrics };
}

/** Every contender against the baseline, on the sets and measures that both have. */
function compareAll(baseline: string | null, tested: readonly Result[], references: readonly Result[]): Comparison[] {
  if (baseline === null) return [];
  const base = [...tested, ...references].filter(({ system }) => system === baseline);
  const pairs = tested.filter(
    (result) => result.system !== baseline && base.some((one) => titleOf(one) === titleOf(result)),
  );
  const against = base.filter((one) => pairs.some((result) => titleOf(one) === titleOf(result)));
  return pairs.length === 0 ? [] : compareResults([...against, ...pairs], baseline);
}

function single(value: number, versus: Mark['versus']): Mark {
  return { mean: value, sd: null, seeds: [value], versus };
}

function rowOf(
  kind: ResultsRow['kind'],
  name: string,
  { set, split, queries, documents, metrics }: Result,
  mark: (value: number, measure: string) => Mark,
) {
  return {
    ...{ kind, name, seed: null, hash: null, folder: null, settings: {} },
    ...{ set, split: split ?? null, queries, documents: documents ?? null },
    marks: Object.fromEntries(Object.entries(metrics).map(([measure, value]) => [measure, mark(value, measure)])),
  };
}
