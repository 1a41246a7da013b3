import { readBasedDocument } from '../based.js';
import { check } from '../check.js';
import { type FaultLine, faultOf, type Path } from '../document.js';
import { planHash } from '../hash.js';
import { didYouMean } from '../nearest.js';
import { type Layered, layer, type Override, parseOverrides } from '../override.js';
import { deepFreeze } from '../read.js';
import { planSchema, type RunPlan } from '../schema.js';
import { axesOf, product } from './axes.js';
import { halvingFaults } from './rungs.js';
import { type HalvingPlan, type SlurmPlan, type SweepKeys, sweepKeys, sweepSchema } from './schema.js';

/** One training of a sweep; `plan.name` is `<sweep>-<variant>-seed<n>`. */
export interface SweepRun {
  readonly variant: string;
  readonly seed: number;
  readonly hash: string;
  readonly plan: RunPlan;
}

export interface Variant {
  readonly name: string;
  /** Dotted path → value: what it changes in the plan. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly runs: readonly SweepRun[];
}

/** A sweep: one plan, changed in many ways, each run with every seed. */
export interface Sweep {
  readonly name: string;
  readonly seeds: readonly number[];
  readonly variants: readonly Variant[];
  readonly baseline: string | null;
  /** What runs one training at a time each: a device, or null for what the plan's backend says. */
  readonly workers: readonly (string | null)[];
  readonly halving: HalvingPlan | null;
  readonly slurm: SlurmPlan;
}

/** The model before training, as a baseline. */
export const BASE = 'base';

// A folder's name may have 255 characters; a seed and a hash follow.
const LONGEST = 160;

/**
 * Reads a sweep: a plan (or a few lines over the plan that `base` names) with `seeds` and at least one of `variants`
 * (name → dotted path → value; `{}` is the plan as it is), `axes` and `search`. Overrides change the plan under them, so
 * a variant's own value wins. Throws one Fault that names all that is wrong, a line each.
 */
export function readSweep(file: string, overrides: readonly string[] = []): Sweep {
  const document = readBasedDocument(file);
  const given = parseOverrides(overrides);
  refuseOwned(given);
  const layered = layer(document, given);
  const { head, plan, unknown } = parted(layered);
  const keys = check(sweepSchema, { ...layered, value: head });
  if ('faults' in keys || unknown.length > 0) {
    const rest = check(planSchema, { ...layered, value: plan });
    const both = [keys, rest].flatMap((judged) => ('faults' in judged ? judged.faults : []));
    throw faultOf([...layered.faults, ...unknown, ...both]);
  }
  const { seeds, baseline, halving, parallel = 1, devices, slurm = {} } = keys.value;
  const faults: FaultLine[] = [...layered.faults, ...repeatedSeeds(layered.place, seeds)];
  const tell = (path: Path, text: string, part: 'key' | 'value' = 'value') => {
    const place = layered.place(path, part);
    if (place) faults.push({ place, text: `${path.join('.')}: ${text}` });
  };
  const axes = axesOf(keys.value, layered.place, faults);
  if (axes.length === 0) tell(['seeds'], 'expected variants, axes or search beside it, got none. Add one.', 'key');
  const cells = axes.some((axis) => axis.length === 0) ? [] : product(axes);
  faults.push(...ownedFaults(cells.flatMap(({ changes }) => changes)));
  const variants = cells.map(({ name, changes }) => {
    const changed = layer(document, [...given, ...changes]);
    const result = check(planSchema, { ...changed, value: parted(changed).plan });
    faults.push(...changed.faults, ...('faults' in result ? result.faults : []));
    const settings = Object.fromEntries(changes.map(({ path, value }) => [path.join('.'), value]));
    return { name, settings, changes, plan: 'value' in result ? result.value : undefined };
  });
  if (faults.length > 0) throw faultOf(firstOfEach(faults));

  const name = String(plan.name);
  const whole = variants.map(({ name: variant, settings, plan }) => ({
    name: variant,
    settings,
    runs: seeds.map((seed) => {
      const own = { ...(plan as RunPlan), name: `${name}-${variant}-seed${seed}`, seed };
      return { variant, seed, hash: planHash(own), plan: own };
    }),
  }));
  faults.push(...twinFaults(whole, cells, layered));
  const plans = whole.map(({ runs }) => runs[0]!.plan);
  for (const [path, text] of [
    ...baselineFaults(baseline, whole),
    ...deviceFaults(devices, plans),
    ...slurmFaults(slurm),
    ...(halving ? halvingFaults(halving, plans, seeds.length) : []),
  ]) {
    tell(path, text);
  }
  if (faults.length > 0) throw faultOf(faults);
  return deepFreeze({
    name,
    seeds,
    variants: whole,
    baseline: baseline ?? null,
    workers: devices ?? Array.from({ length: parallel }, () => null),
    halving: halving ?? null,
    slurm,
  });
}

type Told = readonly [Path, string];

/** A sweep's own keys, the plan's, and faults for those that are neither. */
function parted({ value, place }: Layered) {
  const head: Record<string, unknown> = {};
  const plan: Record<string, unknown> = {};
  const unknown: FaultLine[] = [];
  const known = [...sweepKeys, 'base', ...Object.keys(planSchema.shape)];
  for (const [key, inner] of Object.entries(value)) {
    const at = known.includes(key) ? undefined : place([key], 'key');
    if (sweepKeys.includes(key)) head[key] = inner;
    else if (!at) plan[key] = inner;
    else
      unknown.push({
        place: at,
        text: `${key}: unknown key.${didYouMean(key, known) || ` Known here: ${known.join(', ')}.`}`,
      });
  }
  return { head, plan, unknown };
}

function refuseOwned(given: readonly Override[]): void {
  const faults = given.flatMap(({ path, key }) => {
    const top = String(path[0]);
    if (top === 'seed') return [{ place: key, text: 'seed: a sweep sets it. Write --set seeds=[1,2,3].' }];
    const inFile = ['variants', 'axes', BASE].includes(top) || (top === 'search' && path[1] === 'over');
    return inFile ? [{ place: key, text: `${top}: expected a path of the plan. Change ${top} in the file.` }] : [];
  });
  if (faults.length > 0) throw faultOf(faults);
}

/** What a sweep sets itself, or has to be the same for all, no variant can change. */
function ownedFaults(changes: readonly Override[]): FaultLine[] {
  return changes.flatMap(({ path, key }) => {
    const [top] = path as [string];
    const text =
      top === 'name' || top === 'seed'
        ? `the sweep sets each run's ${top} itself. Remove it.`
        : top === 'eval'
          ? 'expected the same for all runs, which are compared by it. Set it once, above the variants.'
          : sweepKeys.includes(top) || top === BASE
            ? 'expected a path of the plan. Set it once, above the variants.'
            : undefined;
    return text === undefined ? [] : [{ place: key, text: `${path.join('.')}: ${text}` }];
  });
}

/** Of faults in one value that came to many variants, the first: draws differ in what they got. */
function firstOfEach(faults: readonly FaultLine[]): FaultLine[] {
  const first = new Map<string, FaultLine>();
  for (const fault of faults) {
    const key = `${fault.place.where} ${fault.text.split(':', 1)[0]}`;
    if (!first.has(key)) first.set(key, fault);
  }
  return [...first.values()];
}

/** Two variants of one name, or of one plan; and names that no folder can have. */
function twinFaults(
  variants: readonly Variant[],
  cells: readonly { changes: readonly Override[] }[],
  { place }: Layered,
): FaultLine[] {
  return variants.flatMap(({ name, runs }, i) => {
    const at = cells[i]?.changes.at(-1)?.key ?? place(['variants', name], 'key') ?? place(['seeds'], 'key');
    if (!at) return [];
    const before = variants.slice(0, i);
    const twin = before.find((other) => other.runs[0]!.hash === runs[0]!.hash);
    if (before.some((other) => other.name === name)) {
      return [{ place: at, text: `${name}: expected a name for each variant, got this one twice. Rename one.` }];
    }
    if (twin) {
      return [
        { place: at, text: `${name}: expected another training than ${twin.name}, got the same plan. Remove one.` },
      ];
    }
    if (name === BASE) {
      return [
        { place: at, text: `${name}: expected another name: "${BASE}" is the model before training. Rename it.` },
      ];
    }
    if (name.length <= LONGEST) return [];
    const text = `expected a name of at most ${LONGEST} characters, got ${name.length}. Name the settings: axes: {some: {short-name: {path: value}}}.`;
    return [{ place: at, text: `${name.slice(0, 40)}…: ${text}` }];
  });
}

function repeatedSeeds(place: Layered['place'], seeds: readonly number[]): FaultLine[] {
  return seeds.flatMap((seed, index) => {
    const at = seeds.indexOf(seed) < index ? place(['seeds', index], 'value') : undefined;
    return at ? [{ place: at, text: `seeds.${index}: expected each seed once, got ${seed} again.` }] : [];
  });
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
