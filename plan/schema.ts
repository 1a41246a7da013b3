import { z } from 'zod';
import { guard } from './guards.js';

// The plan's shape. Every key has a default where a sensible one exists, and unknown keys are refused (strictObject).

const count = z.int().positive();
const share = z.number().positive();

/** A measure, spelt as ir_measures spells it. */
const measure = z
  .string()
  .regex(
    /^((nDCG|AP|RR)(@[1-9]\d*)?|(P|R|Success|Judged|Hole)@[1-9]\d*)$/,
    'a measure such as "nDCG@10", "R@100", "RR@10" or "AP"',
  );

/** A length of training: `500 steps`, `3 epochs` (passes over the mixture) or `20000 examples` (queries). */
const duration = z
  .string()
  .regex(
    /^(?=.*[1-9])\d+(\.\d+)? (step|epoch|example)s?$/,
    'a duration such as "500 steps", "3 epochs" or "20000 examples"',
  );

/** Warm-up: `6%` of all steps, or `100 steps`. */
const warmup = z.string().regex(/^(\d+(\.\d+)?%|\d+ steps?)$/, 'a warm-up such as "6%" or "100 steps"');

/** A share of the run. */
const percent = z.string().regex(/^(\d+(\.\d+)?)%$/, 'a share such as "40%"');

const perSide = <T extends z.ZodType>(type: T) => z.strictObject({ query: type, document: type });

const model = z.strictObject({
  base: z.string().min(1),
  pooling: z.enum(['mean', 'cls']).default('mean'),
  normalize: z.boolean().default(true),
  max_length: perSide(count.default(256)).prefault({}),
  prompt: perSide(z.string().default('')).prefault({}),
});

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
  /** How many of a query are kept, best first. */
  number: count.default(10),
  /** A regular expression whose group names a document's family by its id; one of each is taken, none of a positive's. */
  family: z.string().optional(),
  /** What leaves out a candidate that may be a right answer. */
  guards: z.array(guard).default([]),
  /** Where the files are, one a source. */
  folder: z.string().min(1).default('mined'),
});

const data = z.strictObject({
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

/** Also asks for a good embedding in its first so many numbers: the mean of the loss at these widths. */
const matryoshka = z.array(count).min(1).nullable().default(null);

const infonce = z.strictObject({
  type: z.literal('infonce').default('infonce'),
  temperature: share.default(0.05),
  in_batch: z.boolean().default(true),
  symmetric: z.boolean().default(false),
  matryoshka,
  guards: z.array(guard).default([]),
  /** The share of right answers that are assumed among the negatives (debiased InfoNCE). */
  debias: z.number().positive().lt(1).nullable().default(null),
});

/** A teacher's scores of a query's own documents, as the sources carry them. */
const distill = z.strictObject({
  type: z.literal('distill'),
  temperature: share.default(0.05),
  teacher_temperature: share.default(1),
  matryoshka,
});

const loss = z.discriminatedUnion('type', [infonce, distill]);

const train = z.strictObject({
  batch_size: count.default(32),
  /** Tokens that go through the encoder at once; what a step's memory is. A larger batch is cut, and costs a second forward pass. */
  micro_batch_tokens: count.default(16384),
  duration: duration.default('1 epoch'),
  optimizer: z
    .strictObject({
      type: z.literal('adamw').default('adamw'),
      learning_rate: share.default(2e-5),
      weight_decay: z.number().nonnegative().default(0.01),
    })
    .prefault({}),
  schedule: z
    .strictObject({
      type: z.enum(['constant', 'linear', 'cosine']).default('constant'),
      warmup: warmup.default('0 steps'),
    })
    .prefault({}),
  clip_norm: share.nullable().default(1),
  checkpoint: z.strictObject({ every: duration.default('500 steps'), keep: count.default(3) }).prefault({}),
});

const evaluation = z.strictObject({
  sets: z
    .array(
      z.strictObject({
        name: z.string().min(1).optional(),
        path: z.string().min(1),
        split: z.string().default('test'),
      }),
    )
    .default([]),
  metrics: z.array(measure).min(1).default(['nDCG@10', 'R@100']),
});

/** What mining cannot do. */
function refuseMining({ negatives, mining }: z.output<typeof data>, refuse: Refuse): void {
  if (!mining) {
    if (negatives.from === 'mined') {
      refuse('expected data.mining with from: mined, got none. Write how they are mined.', 'data', 'negatives', 'from');
    }
    return;
  }
  if (mining.ranks[1] < mining.ranks[0]) {
    refuse(
      `expected the first rank before the last, got ${mining.ranks.join(', ')}. Swap them.`,
      'data',
      'mining',
      'ranks',
    );
  }
  if (mining.family !== undefined && !isPatternWithGroup(mining.family)) {
    refuse(`expected a regular expression with a group, such as '^(.*)-\\d+$'.`, 'data', 'mining', 'family');
  }
  mining.guards.forEach((given, i) => {
    const at = ['data', 'mining', 'guards', i] as const;
    if (given.type === 'positive-margin' && mining.by.every((by) => by === 'bm25')) {
      refuse('expected a model under data.mining.by, whose scores it judges by, got bm25 alone. Name one.', ...at);
    }
    if (given.type !== 'same-text' && given.softness !== null) {
      refuse(
        'expected none when mining, got one. A candidate is left out or kept; in the loss it can be weighted.',
        ...at,
        'softness',
      );
    }
  });
}

function isPatternWithGroup(text: string): boolean {
  try {
    return (new RegExp(`${text}|`).exec('')?.length ?? 0) > 1;
  } catch {
    return false;
  }
}

type Refuse = (message: string, ...path: (string | number)[]) => void;

/** What the parts of a mixture must agree on. */
function refuseMixture({ sources, curriculum, temperature }: z.output<typeof data>, refuse: Refuse): void {
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

export const planSchema = z
  .strictObject({
    name: z.string().regex(/^[\w-][\w.-]*$/, 'a folder name of letters, digits, ".", "_" and "-"'),
    seed: z.int().nonnegative().default(17),
    model,
    data,
    loss: loss.prefault({}),
    train: train.prefault({}),
    eval: evaluation.prefault({}),
    backend: z.enum(['auto', 'torch', 'torch:cuda:0', 'wasm']).default('auto'),
  })
  .superRefine((plan, context) => {
    const refuse = (message: string, ...path: (string | number)[]): void =>
      context.addIssue({ code: 'custom', message, path });
    const refusePlace = ({ path, hub, revision }: z.output<typeof place>, ...at: (string | number)[]): void => {
      if ((path === undefined) === (hub === undefined)) {
        refuse(`expected either path or hub, got ${path === undefined ? 'neither' : 'both'}. Give one.`, ...at);
      } else if (hub === undefined && revision !== undefined) {
        refuse('expected it with hub, got it with path. A folder has no revisions.', ...at, 'revision');
      }
    };
    const { sources, negatives: chosen } = plan.data;
    sources.forEach(({ name }, i) => {
      if (sources.findIndex((other) => other.name === name) < i) {
        refuse(`expected a name of its own, got ${name} again. Rename one.`, 'data', 'sources', i, 'name');
      }
    });
    sources.forEach((given, i) => {
      refusePlace(given, 'data', 'sources', i);
      if (given.documents) refusePlace(given.documents, 'data', 'sources', i, 'documents');
    });
    refuseMixture(plan.data, refuse);
    refuseMining(plan.data, refuse);
    if (chosen.ranks[1] < chosen.ranks[0]) {
      refuse(
        `expected the first rank before the last, got ${chosen.ranks.join(', ')}. Swap them.`,
        'data',
        'negatives',
        'ranks',
      );
    }
    const { loss } = plan;
    if (loss.type === 'infonce') {
      if (!loss.in_batch && chosen.per_query === 0) {
        refuse(
          'expected true where there are no hard negatives, got false. Set data.negatives.per_query.',
          'loss',
          'in_batch',
        );
      }
      if (!loss.in_batch && loss.symmetric) {
        refuse(
          'expected false with in_batch: false, got true. It compares a positive with the batch.',
          'loss',
          'symmetric',
        );
      }
      if (loss.debias !== null && !plan.model.normalize) {
        refuse('expected null with model.normalize: false, got a number. It needs cosine scores.', 'loss', 'debias');
      }
    }
    if (loss.type === 'distill' && (chosen.per_query === 0 || chosen.from !== 'source')) {
      refuse(
        'expected negatives with scores for distill. Set data.negatives.from: source and per_query to 1 or more.',
        'loss',
        'type',
      );
    }
  });

/** A training plan with every default filled in, as it stands in a run folder's plan.yaml. */
export type RunPlan = z.output<typeof planSchema>;
export type ModelPlan = RunPlan['model'];
export type SourcePlan = RunPlan['data']['sources'][number];
export type PlacePlan = z.output<typeof place>;
export type MiningPlan = NonNullable<RunPlan['data']['mining']>;
export type NegativesPlan = RunPlan['data']['negatives'];
export type LossPlan = RunPlan['loss'];
export type EvalSetPlan = RunPlan['eval']['sets'][number];
export type BackendName = RunPlan['backend'];
