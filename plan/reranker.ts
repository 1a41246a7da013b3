import { z } from 'zod';
import { count, endpoint } from './endpoint.js';
import { readPlanOf } from './read.js';

const shared = { endpoint, prompt: z.string().min(1), depth: count.default(100) };

const rerankerSchema = z
  .discriminatedUnion('type', [
    z.strictObject({
      ...shared,
      type: z.literal('pointwise'),
      /** The lowest and the highest score that the prompt asks for. */
      scale: z.tuple([z.int(), z.int()]).default([0, 5]),
      /** The integer that is answered, or the mean of those that might have been, by their probabilities. */
      score: z.enum(['integer', 'expected']).default('integer'),
    }),
    z.strictObject({ ...shared, type: z.literal('listwise'), window: count.default(20), stride: count.default(10) }),
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

/** How a language model re-scores candidates, as its YAML file says. */
export type RerankerPlan = z.output<typeof rerankerSchema>;

/** Reads a reranker from YAML. Throws one Fault that names all that is wrong, a line each. */
export function readReranker(file: string): RerankerPlan {
  return readPlanOf(rerankerSchema, file);
}
