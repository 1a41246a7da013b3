import { benchmarks } from '../data/presets/presets.js';
import { mean } from '../retrieval/significance.js';
import type { Result } from './result.js';

/** A benchmark's published number: the mean over its parts, however many queries each has. */
export interface MacroMean {
  readonly benchmark: string;
  readonly system: string;
  /** How many parts. */
  readonly parts: number;
  readonly metrics: Readonly<Record<string, number>>;
}

/** For every benchmark and system that has been scored on all of its sets, as their authors report it. */
export function macroMeans(results: readonly Result[]): MacroMean[] {
  return benchmarks.flatMap(({ name, parts }) =>
    [...new Set(results.map(({ system }) => system))].flatMap((system) => {
      const own = new Map(
        results.filter((result) => result.system === system).map((result) => [result.folder, result.metrics]),
      );
      const scored = parts.map((sets) => sets.map((set) => own.get(set)).filter((one) => one !== undefined));
      if (scored.some((sets, i) => sets.length < parts[i]!.length)) return [];
      const metrics = Object.keys(scored[0]![0]!).map((measure) => {
        const ofParts = scored.map((sets) => mean(sets.map((one) => one[measure]!)));
        return [measure, mean(ofParts)] as const;
      });
      return [{ benchmark: name, system, parts: parts.length, metrics: Object.fromEntries(metrics) }];
    }),
  );
}
