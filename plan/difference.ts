import { join } from 'node:path';
import { readDocument } from './document.js';

/** A path of the plan at which two runs differ; undefined where one has no such path. */
export interface PlanDifference {
  /** Dotted; what is in a list goes by its name, where it has one: `data.sources.pep.weight`. */
  readonly path: string;
  readonly values: readonly [unknown, unknown];
}

/** The plan that a run folder holds, as it was written; its name says nothing of how it was trained and is left out. */
export function planIn(runFolder: string): Record<string, unknown> {
  return trainedPlan(join(runFolder, 'plan.yaml'));
}

/** The same of a run's plan file. @throws Fault no file, or no plan */
export function trainedPlan(file: string): Record<string, unknown> {
  const { name: _, ...plan } = readDocument(file).value;
  return plan;
}

/**
 * In what two plans differ, in the first one's order, then what only the second has. Sources and sets are told apart by
 * their names, so that one more at the front is not a difference of all behind it.
 */
export function planDifferences(a: Record<string, unknown>, b: Record<string, unknown>): PlanDifference[] {
  const [first, second] = [leaves(byName(a)), leaves(byName(b))];
  return [...new Set([...first.keys(), ...second.keys()])]
    .map((path) => ({ path, values: [first.get(path), second.get(path)] as const }))
    .filter(({ values: [x, y] }) => JSON.stringify(x) !== JSON.stringify(y));
}

/** Values by dotted path, entries of lists by number; a list of single values, and what is empty, is one itself. */
export function leaves(value: unknown, path = '', found = new Map<string, unknown>()): Map<string, unknown> {
  const inner = isNested(value) && !(Array.isArray(value) && !value.some(isNested)) ? Object.entries(value) : [];
  if (inner.length === 0) found.set(path, value);
  for (const [key, one] of inner) leaves(one, path === '' ? key : `${path}.${key}`, found);
  return found;
}

/** A value whose lists of mappings are mappings by `name`, where each in the list has one of its own. */
function byName(value: unknown): unknown {
  if (!isNested(value)) return value;
  const names = Array.isArray(value) ? value.map((one) => (isNested(one) && 'name' in one ? one.name : null)) : [];
  const named = names.every((name) => typeof name === 'string' && name !== '') && new Set(names).size === names.length;
  if (Array.isArray(value) && !(named && names.length > 0)) return value.map(byName);
  const entries = Object.entries(value).map(([key, one], i) => [names[i] ?? key, byName(one)] as const);
  return Object.fromEntries(entries);
}

function isNested(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
