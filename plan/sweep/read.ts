import { z } from 'zod';
import { check } from '../check.js';
import { type FaultLine, faultOf, type Path, type PlanDocument, readDocument } from '../document.js';
import { Fault } from '../fault.js';
import { layer, type Override, parseOverrides, splitPath } from '../override.js';
import { deepFreeze } from '../read.js';
import { planSchema, type RunPlan } from '../schema.js';

/** One training of a sweep; its run folder is named by `plan.name`, `<sweep>-<variant>-seed<n>`. */
interface SweepRun {
  readonly variant: string;
  readonly seed: number;
  readonly plan: RunPlan;
}

/** A sweep: one plan, changed in named ways, each run with every seed. */
export interface Sweep {
  readonly name: string;
  readonly seeds: readonly number[];
  readonly variants: readonly { readonly name: string; readonly runs: readonly SweepRun[] }[];
}

const sweepKeys = z.strictObject({
  variants: z.record(z.string(), z.record(z.string(), z.unknown())),
  seeds: z.array(z.int().nonnegative()).min(1),
});

/**
 * Reads a sweep: a plan with two more top-level keys, `variants` (name → dotted path → value; `{}` is the plan as it
 * is) and `seeds`. Overrides change the plan under the variants, so a variant's own value wins. Throws one Fault that
 * names all that is wrong, a line each.
 */
export function readSweep(file: string, overrides: readonly string[] = []): Sweep {
  const document = readDocument(file);
  const given = parseOverrides(overrides);
  const wrong = given.find(({ path }) => path[0] === 'variants' || path[0] === 'seed');
  if (wrong?.path[0] === 'seed') throw new Fault(`${wrong.at.where} seed: a sweep sets it. Write --set seeds=[1,2,3].`);
  if (wrong)
    throw new Fault(`${wrong.at.where} variants: expected a path of the plan. Change the variants in the file.`);
  const layered = layer(document, given);
  const { variants, seeds, ...plan } = layered.value;
  const head = check(sweepKeys, {
    ...layered,
    value: { ...(variants !== undefined && { variants }), ...(seeds !== undefined && { seeds }) },
  });
  if ('faults' in head) {
    const rest = check(planSchema, { ...layered, value: plan });
    throw faultOf([...layered.faults, ...head.faults, ...('faults' in rest ? rest.faults : [])]);
  }

  const faults: FaultLine[] = [
    ...layered.faults,
    ...nameFaults(document, head.value.variants),
    ...repeatedSeeds(layered.place, head.value.seeds),
  ];
  const plans = Object.entries(head.value.variants).map(([variant, changes]) => {
    const changed = layer(document, [...given, ...overridesOf(document, variant, changes)]);
    const { variants: _variants, seeds: _seeds, ...value } = changed.value;
    const result = check(planSchema, { ...changed, value });
    faults.push(...changed.faults, ...('faults' in result ? result.faults : []));
    return { variant, plan: 'value' in result ? result.value : undefined };
  });
  if (faults.length > 0) throw faultOf(faults);

  const name = String(plan.name);
  return deepFreeze({
    name,
    seeds: head.value.seeds,
    variants: plans.map(({ variant, plan }) => ({
      name: variant,
      runs: head.value.seeds.map((seed) => ({
        variant,
        seed,
        plan: { ...(plan as RunPlan), name: `${name}-${variant}-seed${seed}`, seed },
      })),
    })),
  });
}

function overridesOf(document: PlanDocument, variant: string, changes: Record<string, unknown>): Override[] {
  return Object.entries(changes).flatMap(([dotted, value]) => {
    const path: Path = ['variants', variant, dotted];
    const key = document.place(path, 'key');
    const at = document.place(path, 'value');
    return key && at ? [{ path: splitPath(dotted), value, key, at }] : [];
  });
}

/** Variants become folder names, and what the sweep sets itself a variant cannot change. */
function nameFaults(document: PlanDocument, variants: Record<string, Record<string, unknown>>): FaultLine[] {
  const faults: FaultLine[] = [];
  const add = (path: Path, text: string) => {
    const place = document.place(path, 'key');
    if (place) faults.push({ place, text: `${path.join('.')}: ${text}` });
  };
  if (Object.keys(variants).length === 0) add(['variants'], 'expected at least one variant, got none.');
  for (const [variant, changes] of Object.entries(variants)) {
    if (!/^[\w.-]+$/.test(variant)) {
      add(
        ['variants', variant],
        `expected a name of letters, digits, ".", "_" and "-", got ${JSON.stringify(variant)}.`,
      );
    }
    for (const own of ['name', 'seed']) {
      if (Object.hasOwn(changes, own))
        add(['variants', variant, own], `the sweep sets each run's ${own} itself. Remove it.`);
    }
  }
  return faults;
}

function repeatedSeeds(place: PlanDocument['place'], seeds: readonly number[]): FaultLine[] {
  return seeds.flatMap((seed, index) => {
    const at = seeds.indexOf(seed) < index ? place(['seeds', index], 'value') : undefined;
    return at ? [{ place: at, text: `seeds.${index}: expected each seed once, got ${seed} again.` }] : [];
  });
}
