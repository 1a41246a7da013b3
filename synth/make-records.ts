import type { Progress, vectorsOf } from '../data/mining/vectors.js';
import { hash32, hashText } from '../data/permutation.js';
import type { HardQueriesPlan, VariedLengthPlan } from '../plan/synthesis.js';
import type { findCandidates } from './candidates.js';
import type { Desk } from './desk.js';
import type { Documents } from './documents.js';
import { askHardQuery } from './hard-queries.js';
import { inTurn } from './in-turn.js';
import { brainstorm, writeLongQuery } from './long-queries.js';
import { addNegatives } from './negatives.js';
import { type Picked, pickDocuments } from './quality/quality.js';
import { type Draft, type Finished, isLeftOut, type LeftOut, type Outcome } from './record.js';

/** Who does the work. */
export interface Hands extends Desk {
  /** Records in the making at once. */
  readonly width: number;
  readonly onProgress: Progress;
}

/** What the work is done with. */
export interface Materials {
  readonly documents: Documents | null;
  /** Why a query stays out, or null. */
  readonly objects: (query: string) => string | null;
  /** What was made for a key before, else what is made now. */
  readonly once: <T>(key: string, make: () => Promise<T>) => Promise<T>;
  readonly candidates: typeof findCandidates;
  readonly load: typeof vectorsOf | undefined;
}

export interface Made {
  readonly picked: Picked | null;
  /** Kinds of task that long queries were written for. */
  readonly tasks: Awaited<ReturnType<typeof brainstorm>> | null;
  readonly records: readonly Finished[];
  readonly leftOut: readonly LeftOut[];
}

/** Queries with their positives, hard ones and then long ones; then negatives for all that were let in. */
export async function makeRecords(hands: Hands, materials: Materials): Promise<Made> {
  const { hard_queries: hard, varied_length: varied } = hands.plan;
  const picked = hard && materials.documents ? await pick(hands, hard, materials) : null;
  const asked = hard && picked ? await hardQueries(hands, hard, picked, materials) : [];
  const tasks = varied ? await materials.once('tasks', () => brainstorm(hands.write, varied)) : null;
  const written = varied && tasks ? await longQueries(hands, varied, tasks.tasks, materials) : [];
  const drafted = [...asked, ...written];
  const drafts = drafted.filter((outcome): outcome is Draft => !isLeftOut(outcome));
  const finished = await finish(hands, drafts, materials);
  return {
    picked,
    tasks,
    records: finished.filter((outcome): outcome is Finished => !isLeftOut(outcome)),
    leftOut: [...drafted, ...finished].filter((outcome): outcome is LeftOut => isLeftOut(outcome)),
  };
}

function pick({ plan, judge: ask, width, onProgress }: Hands, hard: HardQueriesPlan, { documents, load }: Materials) {
  const how = { seed: plan.seed, ask, width, onProgress, ...(load && { load }) };
  return pickDocuments(documents?.documents ?? [], hard.quality, how);
}

/** Asks about documents, best first, so many at a time as queries are still wanted. */
async function hardQueries(
  hands: Hands,
  hard: HardQueriesPlan,
  { documents }: Picked,
  { objects, once }: Materials,
): Promise<Outcome<Draft>[]> {
  const { width, onProgress, plan } = hands;
  const outcomes: Outcome<Draft>[] = [];
  let accepted = 0;
  while (accepted < hard.number && outcomes.length < documents.length) {
    const wave = documents.slice(outcomes.length, outcomes.length + hard.number - accepted);
    const asked = await inTurn(wave, width, (document) => {
      const share = hash32(plan.seed, hashText(document.id)) / 2 ** 32;
      return once(`ask hq-${document.id}`, () => askHardQuery(hands, hard, document, share));
    });
    const screened = asked.map((outcome) => admitted(outcome, objects));
    outcomes.push(...screened);
    accepted += screened.filter((outcome) => !isLeftOut(outcome)).length;
    onProgress('hard queries', accepted, hard.number);
  }
  return outcomes;
}

async function longQueries(
  hands: Hands,
  varied: VariedLengthPlan,
  tasks: readonly string[],
  { objects, once }: Materials,
): Promise<Outcome<Draft>[]> {
  const places = tasks.length === 0 ? [] : Array.from({ length: varied.number }, (_, i) => i);
  let done = 0;
  const written = await inTurn(places, hands.width, async (i) => {
    const outcome = await once(`ask vl-${i}`, () => writeLongQuery(hands, varied, tasks, i));
    hands.onProgress('long queries', ++done, varied.number);
    return outcome;
  });
  return written.map((outcome) => admitted(outcome, objects));
}

function admitted(outcome: Outcome<Draft>, objects: Materials['objects']): Outcome<Draft> {
  if (isLeftOut(outcome)) return outcome;
  const { id, kind, query, calls } = outcome;
  const reason = objects(query.text);
  return reason === null ? outcome : { id, kind, reason, query: query.text, calls };
}

async function finish(
  hands: Hands,
  drafts: readonly Draft[],
  { documents, once, candidates, load }: Materials,
): Promise<Outcome<Finished>[]> {
  const { plan, width, onProgress } = hands;
  const searches = plan.negatives.mined > 0 || plan.hard_queries?.positive === 'graded';
  const candidatesOf =
    documents && searches && drafts.length > 0
      ? await candidates(documents.documents, drafts, plan, onProgress, load)
      : () => [];
  let done = 0;
  return inTurn(drafts, width, async (draft, place) => {
    const finished = await once(`finish ${draft.id}`, () => addNegatives(hands, draft, candidatesOf(place)));
    onProgress('records', ++done, drafts.length);
    return finished;
  });
}
