import { readBasedDocument } from '../based.js';
import { check } from '../check.js';
import { type FaultLine, faultOf, type Path } from '../document.js';
import { planHash } from '../hash.js';
import { didYouMean } from '../nearest.js';
import { type Layered, layer, parseOverrides } from '../override.js';
import { deepFreeze } from '../read.js';
import { sweepRunName } from '../run-layout.js';
import { planSchema, type RunPlan } from '../schema.js';
import { disagreements } from './agreement.js';
import { axesOf, product } from './axes.js';
import { firstOfEach, ownedFaults, refuseOwned, repeatedSeeds } from './owned.js';
import { BASE, sweepKeys, sweepSchema } from './schema.js';
import type { Sweep } from './sweep.js';

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
  const { seeds, baseline, halving, parallel, devices, slurm = {} } = keys.value;
  const faults: FaultLine[] = [...layered.faults, ...repeatedSeeds(layered.place, seeds)];
  const spot = (...paths: Path[]) =>
    paths.map((path) => layered.place(path, 'key')).find((place) => place !== undefined)!;
  const axes = axesOf(keys.value, layered.place, faults);
  if (!keys.value.variants && !keys.value.axes && !keys.value.search) {
    faults.push({
      place: spot(['seeds']),
      text: 'seeds: expected variants, axes or search beside it, got none. Add one.',
    });
  }
  const cells = axes.some((axis) => axis.length === 0) ? [] : product(axes);
  faults.push(...ownedFaults(cells.flatMap(({ changes }) => changes)));
  const variants = cells.map(({ name, changes }) => {
    const changed = layer(document, [...given, ...changes]);
    const { plan, unknown } = parted(changed);
    const result = check(planSchema, { ...changed, value: plan });
    faults.push(...changed.faults, ...unknown, ...('faults' in result ? result.faults : []));
    const settings = Object.fromEntries(changes.map(({ path, value }) => [path.join('.'), value]));
    return { name, settings, changes, plan: 'value' in result ? result.value : undefined };
  });
  if (faults.length > 0) throw faultOf(firstOfEach(faults));

  const name = String(plan.name);
  const whole = variants.map(({ name: variant, settings, plan }) => ({
    name: variant,
    settings,
    runs: seeds.map((seed) => {
      const own = { ...(plan as RunPlan), name: `${name}-${sweepRunName({ variant, seed })}`, seed };
      return { variant, seed, hash: planHash(own), plan: own };
    }),
  }));
  const placeOf = (i: number) => cells[i]?.changes.at(-1)?.key ?? spot(['variants', cells[i]!.name], ['seeds']);
  const disagreed = disagreements(keys.value, whole, placeOf, layered);
  if (disagreed.length > 0) throw faultOf(disagreed);
  return deepFreeze({
    name,
    seeds,
    variants: whole,
    baseline: baseline ?? null,
    parallel: devices?.length ?? parallel ?? null,
    devices: devices ?? null,
    halving: halving ?? null,
    slurm,
  });
}

/** A sweep's own keys, the plan's, and faults for those that are neither. */
function parted({ value, place }: Layered) {
  const head: Record<string, unknown> = {};
  const plan: Record<string, unknown> = {};
  const unknown: FaultLine[] = [];
  const known = [...sweepKeys, BASE, ...Object.keys(planSchema.shape)];
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
