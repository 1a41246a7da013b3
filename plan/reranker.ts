import { z } from 'zod';
import { count, endpoint } from './endpoint.js';
import { readPlanOf } from './read.js';

const depth = count.default(100);
const asked = { endpoint, prompt: z.string().min(1), depth };

const rerankerSchema = z
  .discriminatedUnion('type', [
    z.strictObject({
      ...asked,
      type: z.literal('pointwise'),
      /** The lowest and the highest score that the prompt asks for. */
      scale: z.tuple([z.int(), z.int()]).default([0, 5]),
      /** The integer that is answered, or the mean of those that might have been, by their probabilities. */
      score: z.enum(['integer', 'expected']).default('integer'),
    }),
    z.strictObject({ ...asked, type: z.literal('listwise'), window: count.default(20), stride: count.default(10) }),
    z.strictObject({
      type: z.literal('cross-encoder'),
      /** A folder as transformers or sentence-transformers saved it, or a hub id. */
      model: z.string().min(1),
      /** Of a model with several: whose probability is the score. */
      label: z.string().min(1).nullable().default(null),
      /** Tokens of query and document together; null: as the model was saved. */
      max_length: count.nullable().default(null),
      depth,
    }),
  ])
  .superRefine((plan, context) => {
    const refuse = (message: string, ...path: string[]): void => context.addIssue({ code: 'custom', message, path });
    if (plan.type === 'pointwise' && plan.scale[0] >= plan.scale[1]) {
      refuse(`expected the lowest score before the highest, got ${plan.scale.join(', ')}. Swap them.`, 'scale');
    }
    if (plan.type === 'listwise' && plan.stride > plan.window) {
      refuse(`expected at most the window of ${plan.window}, got ${plan.stride}. Lower it.`, 'stride');
    }
  });

/** How candidates are scored anew, by a language model or a cross-encoder on this machine, as a YAML file says. */
export type RerankerPlan = z.output<typeof rerankerSchema>;
export type CrossEncoderPlan = Extract<RerankerPlan, { type: 'cross-encoder' }>;

/** Reads a reranker from YAML. Throws one Fault that names all that is wrong, a line each. */
export function readReranker(file: string): RerankerPlan {
  return readPlanOf(rerankerSchema, file);
}
