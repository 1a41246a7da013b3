import { z } from 'zod';
import { data, refuseData } from './data.js';
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

const perSide = <T extends z.ZodType>(type: T) => z.strictObject({ query: type, document: type });

const model = z.strictObject({
  base: z.string().min(1),
  pooling: z.enum(['mean', 'cls']).default('mean'),
  normalize: z.boolean().default(true),
  max_length: perSide(count.default(256)).prefault({}),
  prompt: perSide(z.string().default('')).prefault({}),
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
    const { negatives: chosen } = plan.data;
    refuseData(plan.data, refuse);
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
export type LossPlan = RunPlan['loss'];
export type EvalSetPlan = RunPlan['eval']['sets'][number];
export type BackendName = RunPlan['backend'];
