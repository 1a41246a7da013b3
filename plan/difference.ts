import { join } from 'node:path';
import { readDocument } from './document.js';

/** A path of the plan at which two runs differ; undefined where one has no such path. */
export interface PlanDifference {
  /** Dotted, entries of lists by number: `data.sources.0.weight`. */
  readonly path: string;
  readonly values: readonly [unknown, unknown];
}

/** The plan that a run folder holds, as it was written; its name says nothing of how it was trained and is left out. */
export function planIn(runFolder: string): Record<string, unknown> {
  const { name: _, ...plan } = readDocument(join(runFolder, 'plan.yaml')).value;
  return plan;
}

/** In what two plans differ, in the first one's order, then what only the second has. */
export function planDifferences(a: Record<string, unknown>, b: Record<string, unknown>): PlanDifference[] {
  const [first, second] = [leaves(a), leaves(b)];
  return [...new Set([...first.keys(), ...second.keys()])]
    .map((path) => ({ path, values: [first.get(path), second.get(path)] as const }))
    .filter(({ values: [x, y] }) => JSON.stringify(x) !== JSON.stringify(y));
}

/** Values by dotted path; a list or mapping is one itself only where it is empty. */
export function leaves(value: unknown, path = '', found = new Map<string, unknown>()): Map<string, unknown> {
  const inner = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  if (inner.length === 0) found.set(path, value);
  for (const [key, one] of inner) leaves(one, path === '' ? key : `${path}.${key}`, found);
  return found;
}
