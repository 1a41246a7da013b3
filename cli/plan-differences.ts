import { type PlanDifference, planDifferences, planIn } from '../plan/difference.js';
import { plainTable } from '../report/table.js';

/** Two runs' plans. */
interface PlanPair {
  readonly runs: readonly [string, string];
  readonly differences: readonly PlanDifference[];
}

/** In what each run's plan differs from the first one's; undefined for fewer than two runs. */
export function differencesOf(runs: readonly string[]): PlanPair[] | undefined {
  const [first, ...others] = runs;
  if (first === undefined || others.length === 0) return undefined;
  return others.map((other) => ({ runs: [first, other], differences: planDifferences(planIn(first), planIn(other)) }));
}

/** A table a pair. */
export function differencesText(pairs: readonly PlanPair[] = []): string[] {
  return pairs.map(({ runs: [a, b], differences }) => {
    if (differences.length === 0) return `plans of ${a} and ${b}: the same`;
    const rows = differences.map(({ path, values: [x, y] }) => [path, shown(x), shown(y)]);
    return `plans\n${plainTable([{ heading: 'path' }, { heading: a }, { heading: b }], rows)}`;
  });
}

function shown(value: unknown): string {
  if (value === undefined) return '–';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
