import type { z } from 'zod';
import { readBasedDocument } from './based.js';
import { check } from './check.js';
import { type FaultLine, faultOf, readDocument } from './document.js';
import { type Layered, layer, parseOverrides } from './override.js';
import { planSchema, type RunPlan } from './schema.js';
import { sweepKeys } from './sweep/schema.js';

/**
 * Reads a plan from a YAML file (laid over its `base`, where it names one), with `path=value` overrides laid over it and
 * every default filled in. Throws one Fault that names all that is wrong, a line each. Paths inside the plan stay as written: they are resolved against
 * the current directory by whoever opens them.
 */
export function readPlan(file: string, overrides: readonly string[] = []): RunPlan {
  const layered = layer(readBasedDocument(file), parseOverrides(overrides));
  const sweep = sweepFault(file, layered);
  const plan = Object.fromEntries(Object.entries(layered.value).filter(([key]) => !sweepKeys.includes(key)));
  const result = check(planSchema, { ...layered, value: plan });
  const faults = [...layered.faults, ...sweep, ...('faults' in result ? result.faults : [])];
  if (faults.length > 0 || 'faults' in result) throw faultOf(faults);
  return deepFreeze(result.value);
}

/** Reads another kind of YAML file by its schema. Throws as {@link readPlan}. */
export function readPlanOf<T extends z.ZodType>(
  schema: T,
  file: string,
  overrides: readonly string[] = [],
): z.output<T> {
  const layered = layer(readDocument(file), parseOverrides(overrides));
  const result = check(schema, layered);
  const faults = [...layered.faults, ...('faults' in result ? result.faults : [])];
  if (faults.length > 0 || 'faults' in result) throw faultOf(faults);
  return deepFreeze(result.value);
}

function sweepFault(file: string, layered: Layered): FaultLine[] {
  const key = Object.keys(layered.value).find((name) => sweepKeys.includes(name));
  const place = key === undefined ? undefined : layered.place([key], 'key');
  return place ? [{ place, text: `${key}: expected one plan, got a sweep. Run \`reasontune sweep ${file}\`.` }] : [];
}

/** Freezes a value and all it holds. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(deepFreeze);
  }
  return value;
}
