import { appendFileSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import type { MiningPlan } from '../../plan/data.js';
import type { Source } from '../pairs.js';
import { denseRanker } from './dense-ranker.js';
import { type Guard, makeGuards } from './guards.js';
import { corpusHash, linesBegun, type MinedHeader, type MinedLine, minedFile, settingsOf } from './mined-file.js';
import { bm25Ranker, fuse } from './rank.js';
import { type Progress, type SourceVectors, vectorsOf } from './vectors.js';

/** What mining a source came to. */
export interface Mined {
  readonly source: string;
  readonly path: string;
  readonly queries: number;
  readonly negatives: number;
  /** Queries with fewer negatives than were asked for. */
  readonly short: number;
  /** Guard → candidates that it left out (the first guard that objects counts). */
  readonly leftOut: Readonly<Record<string, number>>;
}

// Queries between two writes: what a stop loses at most.
const BLOCK = 256;

/**
 * Mines a source's hard negatives over its whole corpus into `<folder>/<source>.jsonl`: rankings merged, a window of
 * ranks, one document a family, guards. A run that was stopped goes on where it was. Models need a running backend.
 */
export async function mineSource(source: Source, plan: MiningPlan, onProgress: Progress): Promise<Mined> {
  const models = [
    ...plan.by.filter((by) => by !== 'bm25'),
    ...plan.guards.flatMap((g) => (g.type === 'guide' ? [g.model] : [])),
  ];
  const vectors = new Map<string, SourceVectors>();
  for (const model of new Set(models)) vectors.set(model, await vectorsOf(source, model, onProgress));
  const of = (model: string): SourceVectors => vectors.get(model) as SourceVectors;
  const rankers = plan.by.map((by) => (by === 'bm25' ? bm25Ranker(source) : denseRanker(source, of(by))));
  const guards = makeGuards(plan.guards, source, plan.by.find((by) => by !== 'bm25') ?? '', of);
  const head: MinedHeader = {
    mined: 1,
    source: source.name,
    corpus: corpusHash(source),
    by: plan.by.map((name) => ({ name, weights: vectors.get(name)?.hash ?? null })),
    settings: settingsOf(plan),
  };

  const path = minedFile(plan, source.name);
  const part = `${path}.part`;
  mkdirSync(plan.folder, { recursive: true });
  const lines = linesBegun(part, head);
  writeFileSync(part, [JSON.stringify(head), ...lines, ''].join('\n'));
  const choose = chooser(source, plan, guards);
  for (let first = lines.length; first < source.queries.length; first += BLOCK) {
    const end = Math.min(source.queries.length, first + BLOCK);
    const rankings = rankers.map((rank) => rank(first, end, plan.ranks[1]));
    const made = Array.from({ length: end - first }, (_, i) => {
      const ranked = fuse(
        rankings.map((ranking) => ranking[i]!),
        plan.ranks[1],
      );
      return JSON.stringify(
        choose(
          first + i,
          ranked.slice(plan.ranks[0] - 1).map(({ id }) => id),
        ),
      );
    });
    appendFileSync(part, `${made.join('\n')}\n`);
    lines.push(...made);
    onProgress(`mining ${source.name}`, end, source.queries.length);
    await new Promise((next) => setImmediate(next));
  }
  renameSync(part, path);
  return summary(source.name, path, lines, plan.number);
}

/** Of a query's candidates, best first, those that may be its negatives. */
function chooser(source: Source, plan: MiningPlan, guards: readonly Guard[]) {
  const places = new Map(source.ids.map((id, place) => [id, place]));
  const pattern = plan.family === undefined ? null : new RegExp(plan.family);
  const familyOf = (id: string): string => pattern?.exec(id)?.[1] ?? id;
  const positives: number[][] = source.queries.map(() => []);
  for (const { query, positive } of source.pairs) positives[query]!.push(positive);
  return (query: number, candidates: readonly string[]): MinedLine => {
    const answers = positives[query]!;
    const families = new Set(pattern ? answers.map((place) => familyOf(source.ids[place]!)) : []);
    const negatives: string[] = [];
    const leftOut: Record<string, number> = {};
    for (const id of candidates) {
      if (negatives.length >= plan.number) break;
      const place = places.get(id)!;
      const objects = families.has(familyOf(id))
        ? 'family'
        : guards.find((guard) => guard.suspects(query, answers, place))?.name;
      if (objects) leftOut[objects] = (leftOut[objects] ?? 0) + 1;
      else {
        negatives.push(id);
        families.add(familyOf(id));
      }
    }
    return { query, negatives, left_out: leftOut };
  };
}

function summary(source: string, path: string, lines: readonly string[], number: number): Mined {
  const all = lines.map((line) => JSON.parse(line) as MinedLine);
  const leftOut: Record<string, number> = {};
  for (const { left_out } of all) {
    for (const [guard, count] of Object.entries(left_out)) leftOut[guard] = (leftOut[guard] ?? 0) + count;
  }
  return {
    source,
    path,
    queries: all.length,
    negatives: all.reduce((sum, { negatives }) => sum + negatives.length, 0),
    short: all.filter(({ negatives }) => negatives.length < number).length,
    leftOut,
  };
}
