import { z } from 'zod';
import { duration } from './duration.js';
import { miningGuard } from './guards.js';
import { vectorSearch } from './vector-search.js';

// The data of a plan: where they lie, how they are mixed, and where negatives come from.

const count = z.int().positive();
const share = z.number().positive();

/** A share of the run. */
const percent = z.string().regex(/^(\d+(\.\d+)?)%$/, 'a share such as "40%"');

const hubName = z
  .string()
  .regex(/^[A-Za-z0-9][\w.-]*(\/[A-Za-z0-9][\w.-]*)?$/, 'a hub name such as "organisation/name"');
const hubRevision = z
  .string()
  .regex(/^[A-Za-z0-9][\w.-]*(\/[A-Za-z0-9][\w.-]*)*$/, 'a commit, a branch or a tag of the hub');

/** Where data lies: a file or folder (path), or a data set of the hub; one of the two. */
const place = z.strictObject({
  path: z.string().min(1).optional(),
  hub: hubName.optional(),
  /** A commit pins what is read; a branch or tag may move. */
  revision: hubRevision.optional(),
  config: z.string().min(1).optional(),
  /** All splits, where it is left out. */
  split: z.string().min(1).optional(),
});

const column = z.string().min(1).optional();

const source = place.extend({
  name: z.string().regex(/^[\w.-]+$/, 'a name of letters, digits, ".", "_" and "-"'),
  kind: z.enum(['varied-length', 'hard-query', 'public']),
  split: z.string().min(1).default('train'),
  weight: share.default(1),
  /** How many of its pairs each pass over the mixture takes, exactly; all sources have it, or none. */
  count: count.optional(),
  /** Cut into parts `<name>/1` (the easiest) to `<name>/<into>`, which a curriculum can weigh on their own. */
  bands: z.strictObject({ by: z.enum(['length', 'negative-rank']), into: z.int().min(2).max(10) }).optional(),
  /** Where columns are not called as anybody calls them. */
  columns: z.strictObject({ query: column, positive: column, negative: column }).optional(),
  /** Where positives are ids of documents that lie elsewhere, as in ReasonIR's hq and in BRIGHT. */
  documents: place.optional(),
  /** Put before each query that brings none of its own, on a line by itself. */
  instruction: z.string().optional(),
  /** Only the first so many records. */
  limit: count.optional(),
  /** Tokens, where this source needs others than the model's. */
  max_length: z.strictObject({ query: count.optional(), document: count.optional() }).optional(),
});

const negatives = z.strictObject({
  per_query: z.int().nonnegative().default(0),
  /** Where they come from: the source's own `neg` lists, BM25 over the source's corpus, or what `data mine` wrote. */
  from: z.enum(['source', 'bm25', 'mined']).default('source'),
  /** With bm25: the first and last rank (1-based, positives left out) from which negatives are taken. */
  ranks: z.tuple([count, count]).default([1, 50]),
  choose: z.enum(['first', 'random']).default('first'),
});

/** How `data mine` finds hard negatives. */
const mining = z.strictObject({
  /** bm25, and models: run folders, folders, hub ids. Several rankings are merged into one. */
  by: z.array(z.string().min(1)).min(1).default(['bm25']),
  /** The first and last rank from which they are taken; positives and excluded documents have none. */
  ranks: z.tuple([count, count]).default([1, 50]),
  /** How models' vectors are searched. */
  search: vectorSearch,
  /** How many of a query are kept, best first. */
  number: count.default(10),
  /** A regular expression whose group names a document's family by its id; one of each is taken, none of a positive's. */
  family: z.string().optional(),
  /** What leaves out a candidate that may be a right answer. */
  guards: z.array(miningGuard).default([]),
  /** Also while training: how often the model in training mines anew, in the place of what `by` names. */
  every: duration.optional(),
  /** Where the files are, one a source. */
  folder: z.string().min(1).default('mined'),
});

export const data = z.strictObject({
  sources: z.array(source).min(1),
  /** What a record that cannot be used does: stop the run, or be left out, counted and told. */
  faults: z.enum(['stop', 'skip']).default('stop'),
  batches: z.enum(['same-source', 'mixed']).default('same-source'),
  /** Weights become weight × pairs^(1 / temperature): 1 takes sources by their size, a high one evens them out. */
  temperature: share.optional(),
  /** Batches of examples that are about equally long. */
  group_by_length: z.boolean().default(false),
  /** From when on which weights (by source, or part of one; others 0) hold, in place of the sources' own. */
  curriculum: z
    .array(z.strictObject({ from: percent, weights: z.record(z.string(), z.number().nonnegative()) }))
    .min(1)
    .optional(),
  negatives: negatives.prefault({}),
  mining: mining.optional(),
});

type DataPlan = z.output<typeof data>;
export type PlacePlan = z.output<typeof place>;
export type SourcePlan = DataPlan['sources'][number];
export type NegativesPlan = DataPlan['negatives'];
export type MiningPlan = NonNullable<DataPlan['mining']>;

type Refuse = (message: string, ...path: (string | number)[]) => void;

/** What keys of the data must agree on, told one by one. */
export function refuseData(plan: DataPlan, refuse: Refuse): void {
  const { sources, negatives } = plan;
  sources.forEach((given, i) => {
    if (sources.findIndex((other) => other.name === given.name) < i) {
      refuse(`expected a name of its own, got ${given.name} again. Rename one.`, 'data', 'sources', i, 'name');
    }
    refusePlace(given, refuse, 'data', 'sources', i);
    if (given.documents) refusePlace(given.documents, refuse, 'data', 'sources', i, 'documents');
  });
  refuseRanks(negatives.ranks, refuse, 'data', 'negatives');
  refuseMixture(plan, refuse);
  refuseMining(plan, refuse);
}

function refusePlace({ path, hub, revision }: PlacePlan, refuse: Refuse, ...at: (string | number)[]): void {
  if ((path === undefined) === (hub === undefined)) {
    refuse(`expected either path or hub, got ${path === undefined ? 'neither' : 'both'}. Give one.`, ...at);
  } else if (hub === undefined && revision !== undefined) {
    refuse('expected it with hub, got it with path. A folder has no revisions.', ...at, 'revision');
  }
}

function refuseRanks(ranks: readonly [number, number], refuse: Refuse, ...at: string[]): void {
  if (ranks[1] >= ranks[0]) return;
  refuse(`expected the first rank before the last, got ${ranks.join(', ')}. Swap them.`, ...at, 'ranks');
}

/** What mining cannot do. */
function refuseMining(plan: DataPlan, refuse: Refuse): void {
  const { negatives, mining } = plan;
  if (!mining) {
    if (negatives.from === 'mined') {
      refuse('expected data.mining with from: mined, got none. Write how they are mined.', 'data', 'negatives', 'from');
    }
    return;
  }
  refuseRanks(mining.ranks, refuse, 'data', 'mining');
  if (mining.every !== undefined) refuseRemining(plan, refuse);
  if (mining.family !== undefined && !isPatternWithGroup(mining.family)) {
    refuse(`expected a regular expression with a group, such as '^(.*)-\\d+$'.`, 'data', 'mining', 'family');
  }
  mining.guards.forEach((given, i) => {
    const at = ['data', 'mining', 'guards', i] as const;
    const byScore = given.type === 'positive-margin' || given.type === 'score-mask';
    if (byScore && mining.by.every((by) => by === 'bm25')) {
      refuse('expected a model under data.mining.by, whose scores it judges by, got bm25 alone. Name one.', ...at);
    }
    if ('softness' in given && given.softness !== null) {
      refuse(
        'expected none when mining, got one. A candidate is left out or kept; in the loss it can be weighted.',
        ...at,
        'softness',
      );
    }
  });
}

/** What mining anew while training cannot do. */
function refuseRemining({ sources, negatives, mining }: DataPlan, refuse: Refuse): void {
  const at = ['data', 'mining', 'every'];
  if (negatives.per_query === 0) {
    refuse('expected negatives to mine anew, got data.negatives.per_query 0. Set it, or remove this.', ...at);
  }
  if (sources.some(({ bands }) => bands?.by === 'negative-rank')) {
    refuse('expected no bands by negative-rank, which would change while training. Cut them by length.', ...at);
  }
  if (mining?.guards.some((given) => 'action' in given && given.action === 'positive')) {
    refuse('expected no guard that makes new positives: a run’s pairs stay as they are. Write action: drop.', ...at);
  }
}

function isPatternWithGroup(text: string): boolean {
  try {
    return (new RegExp(`${text}|`).exec('')?.length ?? 0) > 1;
  } catch {
    return false;
  }
}

/** What the parts of a mixture must agree on. */
function refuseMixture({ sources, curriculum, temperature }: DataPlan, refuse: Refuse): void {
  const counted = sources.filter((given) => given.count !== undefined);
  sources.forEach((given, i) => {
    if (counted.length > 0 && given.count === undefined) {
      refuse('expected a count, as other sources have, got none. Give it to all or to none.', 'data', 'sources', i);
    }
  });
  if (counted.length > 0 && (temperature !== undefined || curriculum)) {
    const which = temperature === undefined ? 'curriculum' : 'temperature';
    refuse('expected none where sources have counts, got one. Remove the counts, or it.', 'data', which);
  }
  const parts = sources.flatMap(({ name, bands }) => [
    name,
    ...Array.from({ length: bands?.into ?? 0 }, (_, i) => `${name}/${i + 1}`),
  ]);
  curriculum?.forEach(({ from, weights }, i) => {
    const at = ['data', 'curriculum', i] as const;
    const before = curriculum[i - 1];
    if (i === 0 && Number.parseFloat(from) !== 0) refuse(`expected 0% for the first, got ${from}.`, ...at, 'from');
    if (Number.parseFloat(from) > 100 || (before && Number.parseFloat(from) <= Number.parseFloat(before.from))) {
      refuse(`expected rising shares up to 100%, got ${from}. Put them in order.`, ...at, 'from');
    }
    for (const name of Object.keys(weights)) {
      if (!parts.includes(name)) {
        refuse(`expected a source or a part of one, got "${name}". Known: ${parts.join(', ')}.`, ...at, 'weights');
      }
    }
    if (Object.values(weights).every((weight) => weight === 0)) {
      refuse('expected a weight above 0, got none. Give one.', ...at, 'weights');
    }
  });
}
