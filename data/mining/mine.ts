import { appendFileSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { allEnded } from '../../endpoint/all-ended.js';
import type { MiningPlan } from '../../plan/data.js';
import type { Source } from '../pairs.js';
import { chooser } from './choose.js';
import { disposeGuards, type Guard, makeGuards, modelsOf } from './guards.js';
import { corpusHash, linesBegun, type MinedHeader, type MinedLine, minedFile, settingsOf } from './mined-file.js';
import { makeRankers } from './rankers.js';
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
  /** Candidates that became positives; they are among those left out. */
  readonly positives: number;
  /** Judgements that a guard was asked for and could not give: these candidates stay. */
  readonly unjudged: number;
  /** Model → recall of an approximate search, as {@link makeRankers} samples it. */
  readonly recall: Readonly<Record<string, number>>;
}

// Queries between two writes: what a stop loses at most.
const BLOCK = 256;

/**
 * Mines a source's hard negatives over its whole corpus into `<folder>/<source>.jsonl`: rankings merged, a window of
 * ranks, one document a family, guards. A run that was stopped goes on where it was, and what was mined whole, from the
 * same data in the same way, is left as it is. Models need a running backend.
 * @param load a model's vectors of the source
 */
export async function mineSource(
  source: Source,
  plan: MiningPlan,
  onProgress: Progress,
  load: typeof vectorsOf = vectorsOf,
): Promise<Mined> {
  const scoring = plan.by.find((by) => by !== 'bm25') ?? '';
  const models = [...plan.by.filter((by) => by !== 'bm25'), ...modelsOf(plan.guards, scoring)];
  const vectors = new Map<string, SourceVectors>();
  for (const model of new Set(models)) vectors.set(model, await load(source, model, onProgress));
  const of = (model: string): SourceVectors => vectors.get(model) as SourceVectors;
  const guards = await makeGuards(plan.guards, source, scoring, of);
  try {
    return await mineWith(guards, source, plan, onProgress, of);
  } finally {
    disposeGuards(guards);
  }
}

async function mineWith(
  guards: readonly Guard[],
  source: Source,
  plan: MiningPlan,
  onProgress: Progress,
  of: (model: string) => SourceVectors,
): Promise<Mined> {
  const judges = guards.flatMap(({ judge }) => judge ?? []);
  const head: MinedHeader = {
    mined: 1,
    source: source.name,
    corpus: corpusHash(source),
    by: plan.by.map((name) => ({ name, weights: name === 'bm25' ? null : of(name).hash })),
    ...(judges.length > 0 && { judges }),
    settings: settingsOf(plan),
  };

  const path = minedFile(plan, source.name);
  const before = minedBefore(source, plan, path, head);
  if (before) return before;
  const { rank, recall } = await makeRankers(source, plan, of);
  const part = `${path}.part`;
  mkdirSync(plan.folder, { recursive: true });
  const lines = linesBegun(part, head);
  writeFileSync(part, [JSON.stringify(head), ...lines, ''].join('\n'));
  const choose = chooser(source, plan, guards);
  for (let first = lines.length; first < source.queries.length; first += BLOCK) {
    const end = Math.min(source.queries.length, first + BLOCK);
    const chosen = rank(first, end, plan.ranks[1]).map((ranked, i) =>
      choose(
        first + i,
        ranked.slice(plan.ranks[0] - 1).map(({ id }) => id),
      ),
    );
    const made = (await allEnded(chosen)).map((line) => JSON.stringify(line));
    appendFileSync(part, `${made.join('\n')}\n`);
    lines.push(...made);
    onProgress(`mining ${source.name}`, end, source.queries.length);
    await new Promise((next) => setImmediate(next));
  }
  renameSync(part, path);
  return { ...summary(source.name, path, lines, plan.number), recall };
}

/** What a file holds that this very mining wrote, and that could judge all; null where there is none. */
function minedBefore(source: Source, plan: MiningPlan, path: string, head: MinedHeader): Mined | null {
  const lines = linesBegun(path, head);
  if (lines.length !== source.queries.length) return null;
  const mined = summary(source.name, path, lines, plan.number);
  return mined.unjudged > 0 ? null : { ...mined, recall: {} };
}

function summary(source: string, path: string, lines: readonly string[], number: number): Omit<Mined, 'recall'> {
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
    positives: all.reduce((sum, { positives = [] }) => sum + positives.length, 0),
    unjudged: all.reduce((sum, { unjudged = 0 }) => sum + unjudged, 0),
  };
}
