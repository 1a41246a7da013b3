import { z } from 'zod';
import { data, refuseData } from './data.js';
import { duration } from './duration.js';
import { guard } from './guards.js';
import { sha256OfFile } from './loss-file.js';
import { vectorSearch } from './vector-search.js';

// The plan's shape. Every key has a default where a sensible one exists, and unknown keys are refused (strictObject).

const count = z.int().positive();
const share = z.number().positive();

/** What can run the arithmetic; `auto` takes the best that is ready. */
export const backendNames = ['auto', 'torch', 'torch:cuda:0', 'tensorflow', 'wasm'] as const;

/** A measure, spelt as ir_measures spells it. */
export const measure = z
  .string()
  .regex(
    /^((nDCG|AP|RR)(@[1-9]\d*)?|(P|R|Success|Judged|Hole)@[1-9]\d*)$/,
    'a measure such as "nDCG@10", "R@100", "RR@10" or "AP"',
  );

/** Warm-up: `6%` of all steps, or `100 steps`. */
const warmup = z.string().regex(/^(\d+(\.\d+)?%|\d+ steps?)$/, 'a warm-up such as "6%" or "100 steps"');

const perSide = <T extends z.ZodType>(type: T) => z.strictObject({ query: type, document: type });

/** Low-rank matrices beside some projections, which train in the model's place. */
const lora = z
  .strictObject({
    rank: count.default(16),
    alpha: share.default(32),
    dropout: z.number().nonnegative().lt(1).default(0),
    /** Projections by their last words, as PEFT's target_modules; null: all of every layer. */
    targets: z.array(z.string().min(1)).min(1).nullable().default(null),
  })
  .nullable()
  .default(null);

/** Weights that stay as they are: the tables of words and positions, the first so many layers. */
const freeze = z.strictObject({ embeddings: z.boolean().default(false), layers: z.int().nonnegative().default(0) });

const model = z.strictObject({
  base: z.string().min(1),
  pooling: z.enum(['mean', 'cls', 'last']).default('mean'),
  normalize: z.boolean().default(true),
  /** Decoders (Llama, Qwen, …) may see what came before alone; all others see the whole text. */
  attention: z.enum(['bidirectional', 'causal']).default('bidirectional'),
  /** Whether the prompt's tokens count in the pooling; the text attends to them either way. */
  pool_prompt: z.boolean().default(true),
  max_length: perSide(count.default(256)).prefault({}),
  prompt: perSide(z.string().default('')).prefault({}),
  lora,
  freeze: freeze.prefault({}),
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

/** A user's own loss, a TypeScript file. */
const custom = z
  .strictObject({
    type: z.literal('custom'),
    path: z.string().min(1),
    /** Of the file's content, so that a plan's hash covers it; taken from the file where it is not given. */
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/, 'the 64 hexadecimal digits of a SHA-256')
      .optional(),
    matryoshka,
  })
  .transform(({ sha256, ...given }, context) => {
    const found = sha256 ?? sha256OfFile(given.path);
    if (found) return { ...given, sha256: found };
    context.addIssue({ code: 'custom', path: ['path'], message: 'expected a TypeScript file, found none. Check it.' });
    return z.NEVER;
  });

const loss = z.discriminatedUnion('type', [infonce, distill, custom]);

/** What layers compute in; weights, moments, statistics and the loss are float32 in either. */
export const precisions = ['float32', 'bfloat16'] as const;
const precision = z.enum(precisions);

const evalSets = z.array(
  z.strictObject({ name: z.string().min(1).optional(), path: z.string().min(1), split: z.string().default('test') }),
);

/** How the model in training is scored. */
const evaluate = z.strictObject({
  every: duration,
  /** In the place of eval.sets: a split that the results are not reported on, where training stops by it. */
  sets: evalSets.min(1).optional(),
  /** Evaluations in a row that were no better than the best before, after which training stops. */
  stop_after: count.optional(),
});

const train = z.strictObject({
  batch_size: count.default(32),
  precision: precision.default('float32'),
  /** Tokens that go through the encoder at once; what a step's memory is. A larger batch is cut, and costs a second forward pass. */
  micro_batch_tokens: count.default(16384),
  /** Keeps each layer's input alone for the backward pass: less memory, a second forward pass. */
  gradient_checkpointing: z.boolean().default(false),
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
  evaluate: evaluate.optional(),
});

const evaluation = z.strictObject({
  sets: evalSets.default([]),
  metrics: z.array(measure).min(1).default(['nDCG@10', 'R@100']),
  /** That of `eval`; a model in training is always scored by exact search. */
  search: vectorSearch,
});

/** How a CUDA device does its arithmetic; the CPU and wasm leave no such choice. */
const cuda = z.strictObject({
  /** Products of float32 matrices in TF32, with 10 bits of mantissa for 23. */
  tf32: z.boolean().default(false),
  /** The same numbers in every run, which --resume promises; some kernels are slower for it. */
  deterministic: z.boolean().default(true),
  /** Kernels of our own (native/kernels/) in place of libtorch's: AdamW. Not measured on a GPU yet, so off. */
  own_kernels: z.boolean().default(false),
});

export const planSchema = z
  .strictObject({
    name: z.string().regex(/^[\w-][\w.-]*$/, 'a folder name of letters, digits, ".", "_" and "-"'),
    seed: z.int().nonnegative().default(17),
    model,
    data,
    loss: loss.prefault({}),
    train: train.prefault({}),
    eval: evaluation.prefault({}),
    backend: z.enum(backendNames).default('auto'),
    cuda: cuda.prefault({}),
  })
  .superRefine((plan, context) => {
    const refuse = (message: string, ...path: (string | number)[]): void =>
      context.addIssue({ code: 'custom', message, path });
    const { negatives: chosen } = plan.data;
    refuseData(plan.data, refuse);
    if (plan.model.lora && (plan.model.freeze.embeddings || plan.model.freeze.layers > 0)) {
      refuse(
        'expected nothing frozen with model.lora, which trains its own weights alone. Remove one.',
        'model',
        'freeze',
      );
    }
    const { loss } = plan;
    if (plan.train.evaluate && !plan.train.evaluate.sets && plan.eval.sets.length === 0) {
      refuse('expected eval.sets to score while training, got none. Give it sets.', 'train', 'evaluate');
    }
    if (plan.train.evaluate && plan.eval.metrics[0]?.startsWith('Hole')) {
      refuse(
        'expected first a measure that is better when higher, by which train.evaluate chooses.',
        'eval',
        'metrics',
        0,
      );
    }
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
    if (plan.data.mining?.every !== undefined && loss.type === 'distill') {
      refuse(
        'expected none for distill, whose scores are of the sources’ own negatives. Remove it.',
        'data',
        'mining',
        'every',
      );
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
export type LoraPlan = NonNullable<ModelPlan['lora']>;
export type LossPlan = RunPlan['loss'];
export type EvaluatePlan = NonNullable<RunPlan['train']['evaluate']>;
export type EvalSetPlan = RunPlan['eval']['sets'][number];
export type Precision = z.output<typeof precision>;
export type CudaPlan = RunPlan['cuda'];
export type BackendName = RunPlan['backend'];
