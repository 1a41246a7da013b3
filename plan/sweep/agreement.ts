import { isDeepStrictEqual } from 'node:util';
import type { FaultLine, Path } from '../document.js';
import { didYouMean } from '../nearest.js';
import type { Layered } from '../override.js';
import type { RunPlan } from '../schema.js';
import { halvingFaults } from './rungs.js';
import { BASE, type SlurmPlan, type SweepKeys } from './schema.js';
import type { Variant } from './sweep.js';

// What the parts of a sweep must agree on, once each plan is sound by itself.

type Told = readonly [Path, string];

/** What is wrong with variants beside each other, and with the sweep's own keys beside them. */
export function disagreements(
  keys: SweepKeys,
  variants: readonly Variant[],
  placeOf: (i: number) => FaultLine['place'],
  { place }: Layered,
): FaultLine[] {
  const plans = variants.map(({ runs }) => runs[0]!.plan);
  const told = [
    ...evalFaults(plans),
    ...baselineFaults(keys.baseline, variants),
    ...deviceFaults(keys.devices, plans),
    ...slurmFaults(keys.slurm ?? {}),
    ...(keys.halving ? halvingFaults(keys.halving, plans, keys.seeds.length) : []),
  ];
  const spot = (path: Path) => place(path, 'value') ?? place(path.slice(0, 1), 'key') ?? place(['name'], 'key');
  return [
    ...variants.flatMap((variant, i) => {
      const text = twinFault(variant, variants.slice(0, i)) ?? minedFault(variant, variants.slice(0, i));
      return text === undefined ? [] : [{ place: placeOf(i), text: `${variant.name.slice(0, LONGEST)}: ${text}` }];
    }),
    ...told.flatMap(([path, text]) => {
      const at = spot(path);
      return at ? [{ place: at, text: `${path.join('.')}: ${text}` }] : [];
    }),
  ];
}

// A folder's name may have 255 characters; a seed and a hash follow.
const LONGEST = 160;

/** Two variants of one name, or of one plan; and names that no folder can have. */
function twinFault({ name, runs }: Variant, before: readonly Variant[]): string | undefined {
  const twin = before.find((other) => other.runs[0]!.hash === runs[0]!.hash);
  if (before.some((other) => other.name === name))
    return 'expected a name for each variant, got this one twice. Rename one.';
  if (twin) return `expected another training than ${twin.name}, got the same plan. Remove one.`;
  if (name === BASE) return `expected another name: "${BASE}" is the model before training. Rename it.`;
  if (name.length <= LONGEST) return undefined;
  return `expected a name of at most ${LONGEST} characters, got ${name.length}. Name the settings: axes: {some: {short: {path: value}}}.`;
}

/** Negatives that are mined in two ways cannot lie in one file. */
function minedFault({ runs }: Variant, before: readonly Variant[]): string | undefined {
  const { data } = runs[0]!.plan;
  if (!mines(data)) return undefined;
  const other = before.find(({ runs: [run] }) => {
    const theirs = run!.plan.data;
    if (!mines(theirs) || theirs.mining?.folder !== data.mining?.folder) return false;
    return theirs.sources.some((source) => {
      const same = data.sources.find(({ name }) => name === source.name);
      return same && !isDeepStrictEqual([minedFrom(source), theirs.mining], [minedFrom(same), data.mining]);
    });
  });
  if (!other) return undefined;
  return `expected a folder of its own for what it mines otherwise than ${other.name}, got ${data.mining?.folder} for both. Set data.mining.folder.`;
}

function mines({ negatives }: RunPlan['data']): boolean {
  return negatives.from === 'mined' && negatives.per_query > 0;
}

/** A source without what only mixes it. */
function minedFrom({ weight: _weight, count: _count, bands: _bands, ...source }: RunPlan['data']['sources'][number]) {
  return source;
}

function evalFaults([plan]: readonly RunPlan[]): Told[] {
  return plan && plan.eval.sets.length > 0
    ? []
    : [[['eval', 'sets'], 'expected a set to compare runs on, got none. Name one.']];
}

function baselineFaults(baseline: SweepKeys['baseline'], variants: readonly Variant[]): Told[] {
  if (baseline === undefined) return [];
  const names = [BASE, ...variants.map(({ name }) => name)];
  if (!names.includes(baseline)) {
    const known = names.length > 8 ? `${names.slice(0, 8).join(', ')}, …` : names.join(', ');
    const advice = didYouMean(baseline, names) || ` Known: ${known}.`;
    return [[['baseline'], `expected a variant or "${BASE}", got ${JSON.stringify(baseline)}.${advice}`]];
  }
  const bases = new Set(variants.map(({ runs }) => runs[0]!.plan.model.base)).size;
  if (baseline !== BASE || bases === 1) return [];
  return [[['baseline'], `expected a variant where model.base varies, got "${BASE}", which are ${bases} models.`]];
}

function deviceFaults(devices: SweepKeys['devices'], plans: readonly RunPlan[]): Told[] {
  const other = plans.find(({ backend }) => backend !== 'auto' && backend !== 'torch:cuda:0');
  if (!devices || !other) return [];
  return [[['devices'], `expected backend: auto with devices, got backend: ${other.backend}. Change one.`]];
}

function slurmFaults(slurm: SlurmPlan): Told[] {
  const own = ['array', 'chdir', 'dependency', 'error', 'job-name', 'output', 'parsable', 'wrap', 'wait'];
  return Object.keys(slurm)
    .filter((key) => own.includes(key))
    .map((key): Told => [['slurm', key], 'the sweep sets it itself. Remove it.']);
}
