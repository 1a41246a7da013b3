import { type Comparison, compareResults } from '../eval/compare.js';
import { queryTexts } from '../eval/query-texts.js';
import { type Result, titleOf } from '../eval/result.js';
import { planDifferences, trainedPlan } from '../plan/difference.js';
import { reasonOf } from '../plan/fault.js';
import type { Root } from './inside.js';
import type { ChangedQuery, Compared, Difference, RunRow, Systems } from './protocol.js';
import { nameOf, ownOf, resultsOf } from './runs/results.js';

/** One of two that are compared: a run, and which of the systems that were scored in its folder; its own if not said. */
export interface Side {
  readonly row: RunRow;
  readonly system: string | null;
}

// More texts than these nobody reads, and a browser takes its time over them.
const MOST_QUERIES = 2000;

/** Sets two runs side by side: where their plans differ, which is better, and on which queries. */
export function compareRuns(
  root: Root,
  a: Side,
  b: Side,
  shown: { set: string | null; measure: string | null },
): Compared {
  const [left, right] = [sideOf(root, a), sideOf(root, b)];
  const notes = [...left.notes, ...right.notes];
  const comparisons = compareShared(left.results, right.results, notes);
  const chosen =
    comparisons.find(({ set, measure }) => set === shown.set && measure === shown.measure) ??
    comparisons.find(({ set }) => set === shown.set) ??
    comparisons[0];
  return {
    rows: [a.row, b.row],
    plan: differencesOf(root, a.row.id, b.row.id, notes),
    systems: [left.systems, right.systems],
    measures: comparisons.map((one) => ({
      set: one.set,
      measure: one.measure,
      queries: one.queries,
      a: one.means.baseline,
      b: one.means.system,
      difference: one.difference,
      interval: one.interval,
      wins: one.wins,
      ties: one.ties,
      losses: one.losses,
      p: one.p,
      holm: one.holm,
    })),
    changes: chosen ? { set: chosen.set, measure: chosen.measure, queries: queriesOf(chosen, left.results) } : null,
    notes,
  };
}

interface Scored {
  readonly systems: Systems;
  readonly results: readonly Result[];
  readonly notes: readonly string[];
}

function sideOf(root: Root, { row, system }: Side): Scored {
  const { results, notes } = resultsOf(root, row.id);
  const names = [...new Set(results.map((result) => result.system))].sort();
  const own = ownOf(results, nameOf(root, row.id));
  const taken = system !== null && names.includes(system) ? system : (own[0]?.system ?? names[0] ?? null);
  return { systems: { names, taken }, results: results.filter((result) => result.system === taken), notes };
}

/** Every set that both were scored on, a as the baseline. */
function compareShared(left: readonly Result[], right: readonly Result[], notes: string[]): Comparison[] {
  const pairs = left.flatMap((before) => {
    const after = right.find((result) => titleOf(result) === titleOf(before));
    return after
      ? [
          { ...before, system: 'a' },
          { ...after, system: 'b' },
        ]
      : [];
  });
  if (pairs.length === 0) return [];
  try {
    return compareResults(pairs, 'a');
  } catch (error) {
    notes.push(reasonOf(error));
    return [];
  }
}

function differencesOf(root: Root, a: string, b: string, notes: string[]): Difference[] {
  try {
    const [left, right] = [a, b].map((id) => {
      const file = root.find(id, 'plan.yaml');
      return file === null ? {} : trainedPlan(file);
    });
    return planDifferences(left ?? {}, right ?? {}).map(({ path, values: [x, y] }) => ({
      path,
      a: shown(x),
      b: shown(y),
    }));
  } catch (error) {
    notes.push(`The plans cannot be compared: ${reasonOf(error)}`);
    return [];
  }
}

/** A value of a plan as a text; null where the plan has none. */
function shown(value: unknown): string | null {
  if (value === undefined) return null;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function queriesOf({ set, changes }: Comparison, results: readonly Result[]): ChangedQuery[] {
  const texts = textsOf(results.find((result) => titleOf(result) === set)?.folder);
  return changes
    .slice(0, MOST_QUERIES)
    .map(({ query, before, after }) => ({ query, text: texts.get(query) ?? null, a: before, b: after }));
}

/** Queries are shown without their texts where the set is not there any more. */
function textsOf(folder: string | undefined): ReadonlyMap<string, string> {
  try {
    return queryTexts(folder);
  } catch {
    return new Map();
  }
}
