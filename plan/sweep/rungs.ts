import { basename } from 'node:path';
import type { Path } from '../document.js';
import { didYouMean } from '../nearest.js';
import type { RunPlan } from '../schema.js';
import type { HalvingPlan } from './schema.js';

const parts = (length: string): [number, string] => {
  const [amount, unit] = length.split(' ') as [string, string];
  return [Number(amount), unit.replace(/s$/, '')];
};

/** What runs train before each comparison of successive halving: `first`, `factor` times as much, …, the whole duration. */
export function rungsOf({ first, factor }: HalvingPlan, { train }: RunPlan): string[] {
  const [amount, unit] = parts(first);
  const [whole] = parts(train.duration);
  const rungs: string[] = [];
  // A rung that the next one would pass the end from is the end itself. Twelve digits: 0.1 epochs three times are 0.3.
  for (let next = amount; next === amount || next * factor <= whole * (1 + 1e-9); next *= factor) {
    rungs.push(`${Number(next.toPrecision(12))} ${unit}s`);
  }
  return [...rungs, train.duration];
}

/** What halving cannot do with these plans. */
export function halvingFaults(halving: HalvingPlan, plans: readonly RunPlan[], seeds: number): [Path, string][] {
  const [plan] = plans as [RunPlan];
  const durations = [...new Set(plans.map(({ train }) => train.duration))];
  if (durations.length > 1) {
    return [[['halving'], `expected one train.duration for all variants, got ${durations.join(' and ')}. Remove one.`]];
  }
  const [[first, unit], [whole, wholeUnit]] = [parts(halving.first), parts(plan.train.duration)];
  if (unit !== wholeUnit || first >= whole) {
    const wanted = `less than train.duration, ${plan.train.duration}, in its unit`;
    return [[['halving', 'first'], `expected ${wanted}, got ${halving.first}. Shorten it.`]];
  }
  const names = plan.eval.sets.map(({ name, path }) => name ?? basename(path));
  if (names.length === 0) return [[['halving'], 'expected eval.sets to compare runs by, got none. Name one.']];
  if (halving.set !== undefined && !names.includes(halving.set)) {
    const advice = didYouMean(halving.set, names) || ` Known: ${names.join(', ')}.`;
    return [[['halving', 'set'], `expected a name of eval.sets, got ${JSON.stringify(halving.set)}.${advice}`]];
  }
  const { metrics } = plan.eval;
  if (!metrics.includes(halving.by)) {
    const advice = didYouMean(halving.by, metrics) || ` Known: ${metrics.join(', ')}.`;
    return [[['halving', 'by'], `expected one of eval.metrics, got ${halving.by}.${advice}`]];
  }
  if (seeds > 1) {
    return [
      [['seeds'], `expected one seed with halving, got ${seeds}. Search with one, then sweep the best with many.`],
    ];
  }
  const rungs = rungsOf(halving, plan).length;
  const least = halving.factor ** (rungs - 1);
  if (plans.length >= least) return [];
  return [
    [
      ['halving', 'first'],
      `expected at least ${least} variants for ${rungs} rungs that keep one in ${halving.factor}, got ${plans.length}. Raise it, or add variants.`,
    ],
  ];
}
