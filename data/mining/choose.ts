import type { MiningPlan } from '../../plan/data.js';
import type { Source } from '../pairs.js';
import type { Guard } from './guards.js';
import type { MinedLine } from './mined-file.js';
import { makeRankers } from './rankers.js';
import type { SourceVectors } from './vectors.js';

/**
 * Of a query's candidates, best first, those that may be its negatives: as many as the plan wants, one of a family, none that a
 * guard objects to.
 */
export function chooser(source: Source, plan: MiningPlan, guards: readonly Guard[]) {
  const places = new Map(source.ids.map((id, place) => [id, place]));
  const pattern = plan.family === undefined ? null : new RegExp(plan.family);
  const familyOf = (id: string): string => pattern?.exec(id)?.[1] ?? id;
  const positives = positivesOf(source);
  return async (query: number, candidates: readonly string[]): Promise<MinedLine> => {
    const answers = positives[query]!;
    const families = new Set(pattern ? answers.map((place) => familyOf(source.ids[place]!)) : []);
    const [negatives, moved]: [string[], string[]] = [[], []];
    const leftOut: Record<string, number> = {};
    let unjudged = 0;
    for (const [i, id] of candidates.entries()) {
      if (negatives.length >= plan.number) break;
      const objects = families.has(familyOf(id)) ? { name: 'family' } : await firstToObject(i, id);
      if (objects) leftOut[objects.name] = (leftOut[objects.name] ?? 0) + 1;
      else negatives.push(id);
      if (objects?.relabels) moved.push(id);
      if (!objects || objects.relabels) families.add(familyOf(id));
    }
    const rare = { ...(moved.length > 0 && { positives: moved }), ...(unjudged > 0 && { unjudged }) };
    return { query, negatives, left_out: leftOut, ...rare };

    async function firstToObject(i: number, id: string): Promise<Pick<Guard, 'name' | 'relabels'> | null> {
      for (const guard of guards) {
        const suspect = await guard.suspects(query, answers, places.get(id)!, plan.ranks[0] + i);
        if (suspect) return guard;
        if (suspect === undefined) unjudged++;
      }
      return null;
    }
  };
}

/** For each query the places of its right answers. */
export function positivesOf({ queries, pairs }: Source): number[][] {
  const positives: number[][] = queries.map(() => []);
  for (const { query, positive } of pairs) positives[query]!.push(positive);
  return positives;
}

/**
 * For each query what mining would take without guards and without skipping ranks, as places: what guards of mining are
 * judged on, since what was mined with them is what they let pass.
 */
export async function unguarded(
  source: Source,
  plan: MiningPlan,
  vectorsOf: (model: string) => SourceVectors,
): Promise<number[][]> {
  const last = plan.ranks[1];
  const all: MiningPlan = { ...plan, ranks: [1, last], guards: [] };
  const { rank } = await makeRankers(source, all, vectorsOf);
  const choose = chooser(source, all, []);
  const places = new Map(source.ids.map((id, place) => [id, place]));
  const lines = rank(0, source.queries.length, last).map((ranked, query) =>
    choose(
      query,
      ranked.map(({ id }) => id),
    ),
  );
  return (await Promise.all(lines)).map(({ negatives }) => negatives.map((id) => places.get(id)!));
}
