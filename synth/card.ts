import { join } from 'node:path';
import { type Inspection, inspect } from '../data/inspect/inspect.js';
import { readSource } from '../data/source.js';
import type { SynthesisPlan } from '../plan/synthesis.js';
import { type AskedGot, askedAgainstGot } from './asked-got.js';
import type { Documents } from './documents.js';
import type { Ended } from './draw.js';
import type { Made } from './make-records.js';
import type { Picked } from './quality/quality.js';
import {
  type Finished,
  isLeftOut,
  type Kind,
  kindsOf,
  type Outcome,
  type Piece,
  recordsOf,
  type Side,
} from './record.js';
import { costOf, type TurnCost } from './turn-costs.js';

type Counts = Readonly<Record<string, number>>;

/** What became of texts that might be negatives. */
interface JudgedNegatives {
  readonly kept: number;
  /** Those that in fact answered and became positives. */
  readonly becamePositives: number;
  /** Reason → how many were not used. */
  readonly rejected: Counts;
}

/** One kind of record: counts, lengths, and what reading its file anew shows. */
interface KindCard {
  readonly kind: Kind;
  readonly file: string;
  readonly wanted: number;
  readonly records: number;
  /** Why no more were drawn. */
  readonly ended: Ended;
  /** Reason → how many did not become records. */
  readonly leftOut: Counts;
  readonly positives: number;
  readonly negatives: { readonly written: JudgedNegatives; readonly mined: JudgedNegatives };
  readonly lengths: {
    readonly queries: AskedGot | null;
    readonly positives: AskedGot | null;
    readonly negatives: AskedGot | null;
  };
  /** Of the file as the reader of training data sees it; null where it is empty. */
  readonly inspection: Inspection | null;
}

/** A data card: what was made, from what, how, and at what cost. */
export interface Card {
  readonly name: string;
  readonly folder: string;
  /** Whether a canned writer, which knows the truth, stood in for a model. */
  readonly canned: boolean;
  readonly documents:
    | (Pick<Documents, 'read' | 'leftOut' | 'hash'> & { readonly path: string; readonly used: number })
    | null;
  readonly quality: {
    readonly type: string;
    readonly picked: number;
    readonly below: number;
    readonly classifier: Picked['classifier'];
  } | null;
  readonly tasks: readonly string[];
  readonly kinds: readonly KindCard[];
  readonly cost: readonly TurnCost[];
  /** Where the budget was used up before all was there, what its fault says. */
  readonly usedUp: string | null;
}

const EXAMPLES = 2;

/** Sums up a synthesis whose files are written. */
export async function makeCard(
  plan: SynthesisPlan,
  folder: string,
  { documents, picked, tasks, drawn }: Made & { readonly documents: Documents | null },
): Promise<Card> {
  const all = Object.values(drawn);
  const calls = [
    ...(picked?.calls ?? []),
    ...(tasks?.calls ?? []),
    ...all.flatMap(({ outcomes }) => outcomes.flatMap((one) => one.calls)),
  ];
  const cards: KindCard[] = [];
  for (const kind of kindsOf(plan)) {
    const { outcomes, ended } = drawn[kind]!;
    cards.push(await kindCard(plan, folder, kind, outcomes, ended));
  }
  return {
    name: plan.name,
    folder,
    canned: plan.canned !== undefined,
    documents: documents && {
      path: plan.documents!.path,
      read: documents.read,
      leftOut: documents.leftOut,
      used: documents.documents.length,
      hash: documents.hash,
    },
    quality: picked && {
      type: plan.hard_queries!.quality.type,
      picked: picked.documents.length,
      below: picked.below,
      classifier: picked.classifier,
    },
    tasks: tasks?.tasks ?? [],
    kinds: cards,
    cost: costOf(calls, plan),
    usedUp: all.find(({ usedUp }) => usedUp !== null)?.usedUp ?? null,
  };
}

async function kindCard(
  plan: SynthesisPlan,
  folder: string,
  kind: Kind,
  outcomes: readonly Outcome<Finished>[],
  ended: Ended,
): Promise<KindCard> {
  const records = recordsOf(outcomes);
  const file = join(folder, `${kind}.jsonl`);
  const pieces = (side: 'positives' | 'negatives'): Piece[] => records.flatMap((record) => record[side]);
  const tolerance = plan.varied_length?.tolerance ?? 0.25;
  const { hard_queries: hard, varied_length: varied } = plan;
  return {
    kind,
    file,
    wanted: (kind === 'hq' ? hard?.number : varied?.number) ?? 0,
    records: records.length,
    ended,
    leftOut: countBy(outcomes.filter(isLeftOut), ({ reason }) => reason),
    positives: pieces('positives').length,
    negatives: { written: judgedOf(records, 'written'), mined: judgedOf(records, 'mined') },
    lengths: {
      queries: askedAgainstGot(
        records.map(({ query }) => query),
        tolerance,
      ),
      positives: askedAgainstGot(pieces('positives'), tolerance),
      negatives: askedAgainstGot(pieces('negatives'), tolerance),
    },
    inspection: records.length === 0 ? null : await inspected(plan, file, kind),
  };
}

function judgedOf(records: readonly Finished[], side: Side): JudgedNegatives {
  const from = side === 'mined' ? 'document' : 'written';
  const of = (pieces: readonly Piece[]): number => pieces.filter(({ origin }) => origin.from === from).length;
  return {
    kept: records.reduce((sum, { negatives }) => sum + of(negatives), 0),
    becamePositives: records.reduce((sum, { moved }) => sum + moved[side], 0),
    rejected: countBy(
      records.flatMap(({ rejected }) => rejected.filter((one) => one.side === side)),
      ({ reason }) => reason,
    ),
  };
}

function countBy<T>(list: readonly T[], keyOf: (item: T) => string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const item of list) counts[keyOf(item)] = (counts[keyOf(item)] ?? 0) + 1;
  return counts;
}

async function inspected({ eval_sets: sets }: SynthesisPlan, path: string, kind: Kind): Promise<Inspection> {
  const source = await readSource(
    { name: kind, kind: kind === 'hq' ? 'hard-query' : 'varied-length', path, split: 'train', weight: 1 },
    { negatives: { per_query: 0, from: 'source', ranks: [1, 1], choose: 'first' }, faults: 'skip' },
  );
  return inspect(source, sets, EXAMPLES);
}
