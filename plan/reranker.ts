import { z } from 'zod';
import { check } from './check.js';
import { faultOf, readDocument } from './document.js';
import { layer } from './override.js';
import { deepFreeze } from './read.js';

const count = z.int().positive();

/** A language model behind an OpenAI-compatible server. */
const endpoint = z.strictObject({
  /** Up to and with /v1. */
  url: z.url({ protocol: /^https?$/ }),
  model: z.string().min(1),
  /** The environment variable that holds the key, if the server wants one. */
  key_variable: z
    .string()
    .regex(/^[A-Z_][A-Z0-9_]*$/, 'the name of an environment variable, such as OPENAI_API_KEY')
    .default('OPENAI_API_KEY'),
  concurrency: count.default(8),
  requests_per_minute: count.nullable().default(null),
  /** Seconds until an answer must have begun. */
  timeout: z.number().positive().default(120),
  retries: z.int().nonnegative().default(5),
  /** Money for a million tokens, in whatever currency the budget is. */
  price: z.strictObject({ input: z.number().nonnegative(), output: z.number().nonnegative() }).nullable().default(null),
  /** What may be used up by one command; answers from the cache cost nothing. */
  budget: z
    .strictObject({
      requests: count.nullable().default(null),
      tokens: count.nullable().default(null),
      money: z.number().positive().nullable().default(null),
    })
    .prefault({}),
});

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
    if (plan.endpoint.budget.money !== null && plan.endpoint.price === null) {
      refuse('expected a price beside it, got none. Set endpoint.price.', 'endpoint', 'budget', 'money');
    }
  });

/** How a language model re-scores candidates, as its YAML file says. */
export type RerankerPlan = z.output<typeof rerankerSchema>;
export type EndpointPlan = RerankerPlan['endpoint'];

/** Reads a reranker from YAML. Throws one Fault that names all that is wrong, a line each. */
export function readReranker(file: string): RerankerPlan {
  const layered = layer(readDocument(file), []);
  const result = check(rerankerSchema, layered);
  const faults = [...layered.faults, ...('faults' in result ? result.faults : [])];
  if (faults.length > 0 || 'faults' in result) throw faultOf(faults);
  return deepFreeze(result.value);
}
