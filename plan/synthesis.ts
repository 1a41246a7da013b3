import { z } from 'zod';
import { count, endpoint } from './endpoint.js';
import { readPlanOf } from './read.js';
import { planSchema } from './schema.js';

// A synthesis: which documents, which language model, how many queries of which kind, and what becomes of them.

const share = z.number().positive().max(1);
const grade = z.int().min(0).max(5);

/** The fewest and the most words. */
const words = z.tuple([count, count]);

const documents = z.strictObject({
  /** A folder in BEIR layout, or a file such as its corpus.jsonl. */
  path: z.string().min(1),
  /** Others are left out of all that follows. */
  words: words.default([30, 2000]),
  limit: count.optional(),
});

/** How good a document is to ask about; those below the bound are not asked about. */
const quality = z.discriminatedUnion('type', [
  /** The share of ten rules of text that it keeps. */
  z.strictObject({ type: z.literal('rules'), at_least: share.default(0.9) }),
  /** A language model's grade, 0 to 5, of each document. */
  z.strictObject({ type: z.literal('language-model'), at_least: grade.default(3) }),
  /** A logistic regression on an encoder's vectors: its probability. */
  z.strictObject({
    type: z.literal('classifier'),
    model: z.string().min(1).default('sentence-transformers/all-MiniLM-L6-v2'),
    /** Labelled examples, `{text, good}` a line; else the language model grades a sample, and 3 or more is good. */
    labels: z.string().min(1).optional(),
    sample: count.default(200),
    at_least: share.default(0.5),
  }),
]);

const hardQueries = z.strictObject({
  /** Records that are wanted; it takes documents, best first, until it has them or none is left. */
  number: count,
  quality: quality.prefault({ type: 'rules' }),
  /** The largest share of a question's words that may stand in the document. */
  overlap: share.default(0.4),
  /** What answers: the document, a passage written anew from it, or the best of graded candidates. */
  positive: z.enum(['source', 'rewritten', 'graded']).default('source'),
  /** Of a rewritten passage. */
  passage_words: words.default([100, 300]),
});

const variedLength = z.strictObject({
  number: count,
  /** What the queries are about and who asks them, in a sentence or two. */
  domain: z.string().min(1),
  /** Kinds of task to think of. */
  tasks: count.default(20),
  /** The distribution of the queries' lengths: ranges of words with their shares, even within a range. */
  query_words: z
    .array(z.strictObject({ words, share: z.number().positive() }))
    .min(1)
    .default([{ words: [300, 2000], share: 1 }]),
  positive_words: words.default([200, 500]),
  /** How far a length may be off, as a share, before the text is sent back once. */
  tolerance: share.default(0.25),
});

const negatives = z.strictObject({
  /** Written in a further turn that sees query and positive: so many a query. */
  written: z.int().nonnegative().default(1),
  written_words: words.default([100, 300]),
  /** Found among the documents: so many a query. */
  mined: z.int().nonnegative().default(0),
  /** What becomes of one that in fact answers. */
  false_negative: z.enum(['drop', 'positive']).default('drop'),
});

/** Where mined negatives and graded positives are looked for. */
const candidates = z.strictObject({
  /** bm25, and encoders: run folders, folders, hub ids; several rankings are merged. */
  by: z.array(z.string().min(1)).min(1).default(['bm25']),
  ranks: z.tuple([count, count]).default([1, 20]),
  /** The most positives that grading gives a query. */
  positives: count.default(5),
});

const judging = z.strictObject({
  /** Another model than the one that writes. */
  endpoint: endpoint.optional(),
  /** From this grade on a document answers, */
  answers_from: grade.default(4),
  /** and up to this one it is a negative; what lies between is left out. */
  negative_to: grade.default(2),
});

/** The canned writer in the place of a model: it makes `folder` (as `data concepts`) where that is not there. */
const canned = z.strictObject({
  folder: z.string().min(1),
  concepts: z.int().min(10).default(60),
  seed: z.int().default(17),
});

const synthesisSchema = z
  .strictObject({
    name: z.string().regex(/^[\w-][\w.-]*$/, 'a folder name of letters, digits, ".", "_" and "-"'),
    seed: z.int().nonnegative().default(17),
    endpoint: endpoint.optional(),
    canned: canned.optional(),
    judging: judging.prefault({}),
    documents: documents.optional(),
    hard_queries: hardQueries.optional(),
    varied_length: variedLength.optional(),
    negatives: negatives.prefault({}),
    candidates: candidates.prefault({}),
    /** Put before each query, as the model is to be asked later. */
    instruction: z.string().default(''),
    /** Of what is written; judging has 0. */
    temperature: z.number().nonnegative().default(0.8),
    /** A folder with files of the names that configs/synth has; those. */
    prompts: z.string().min(1).optional(),
    /** A query that stands in one of these sets is left out. */
    eval_sets: z.array(z.strictObject({ path: z.string().min(1), split: z.string().default('test') })).default([]),
    /** Words of a document that a model is shown. */
    shown_words: count.default(2000),
    /** A training plan that is run with what was written, and evaluated beside its base and BM25. */
    run: planSchema.optional(),
  })
  .superRefine((plan, context) => {
    const refuse = (message: string, ...path: (string | number)[]): void =>
      context.addIssue({ code: 'custom', message, path });
    const { hard_queries: hard, varied_length: varied, documents: given, judging: judge } = plan;
    if ((plan.endpoint === undefined) === (plan.canned === undefined)) {
      const got = plan.endpoint ? 'both' : 'neither';
      refuse(`expected an endpoint, or canned for a trial without a model, got ${got}. Give one.`, 'endpoint');
    }
    if (!hard && !varied) refuse('expected hard_queries, varied_length or both, got neither. Write one.', 'name');
    if (!given && (hard || plan.negatives.mined > 0)) {
      const what = hard ? 'hard_queries' : 'negatives.mined';
      refuse(`expected documents for ${what}, got none. Write documents: {path: …}.`, 'name');
    }
    if (judge.negative_to >= judge.answers_from) {
      refuse(
        `expected less than answers_from, ${judge.answers_from}, got ${judge.negative_to}.`,
        'judging',
        'negative_to',
      );
    }
    const ranges: [readonly [number, number] | undefined, ...(string | number)[]][] = [
      [given?.words, 'documents', 'words'],
      [hard?.passage_words, 'hard_queries', 'passage_words'],
      [varied?.positive_words, 'varied_length', 'positive_words'],
      ...(varied?.query_words ?? []).map(({ words: range }, i): [readonly [number, number], ...(string | number)[]] => [
        range,
        'varied_length',
        'query_words',
        i,
        'words',
      ]),
      [plan.negatives.written_words, 'negatives', 'written_words'],
      [plan.candidates.ranks, 'candidates', 'ranks'],
    ];
    for (const [range, ...path] of ranges) {
      if (range && range[0] > range[1]) refuse(`expected the lower number first, got ${range.join(', ')}.`, ...path);
    }
  });

/** A synthesis with every default filled in. */
export type SynthesisPlan = z.output<typeof synthesisSchema>;
export type HardQueriesPlan = NonNullable<SynthesisPlan['hard_queries']>;
export type VariedLengthPlan = NonNullable<SynthesisPlan['varied_length']>;
export type QualityPlan = HardQueriesPlan['quality'];
export type CannedPlan = NonNullable<SynthesisPlan['canned']>;

/** Reads one from YAML, with `path=value` overrides. Throws one Fault that names all that is wrong, a line each. */
export function readSynthesis(file: string, overrides: readonly string[] = []): SynthesisPlan {
  return readPlanOf(synthesisSchema, file, overrides);
}
