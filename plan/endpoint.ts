import { z } from 'zod';

export const count = z.int().positive();

/** A model behind an OpenAI-compatible server, as several YAML files name one. */
export const endpoint = z
  .strictObject({
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
    /** Seconds until an answer must have begun, and the longest silence in it. */
    timeout: z.number().positive().default(120),
    /** Answers come as they are written, so that a long one does not run into the timeout. */
    stream: z.boolean().optional(),
    retries: z.int().nonnegative().default(5),
    /**
     * How JSON is asked for: by its schema, which servers that know it hold the model to; as some JSON; or in words alone.
     * json_schema where the plan does not say.
     */
    response_format: z.enum(['json_schema', 'json_object', 'text']).optional(),
    /** What the protocol calls the most tokens of an answer: max_tokens where the plan does not say. */
    length_limit: z.enum(['max_tokens', 'max_completion_tokens']).optional(),
    /** Tokens that a reasoning model may think before it answers, where the server counts them towards that limit. */
    thinking_tokens: z.int().nonnegative().optional(),
    /** False for a model that refuses any temperature but its own. */
    send_temperature: z.boolean().optional(),
    /**
     * Many requests in a file: by OpenAI's Batch API, or files alone, which somebody else runs. Else each by itself.
     */
    batch: z.enum(['api', 'files']).optional(),
    /** Money for a million tokens, in whatever currency the budget is. */
    price: z
      .strictObject({ input: z.number().nonnegative(), output: z.number().nonnegative() })
      .nullable()
      .default(null),
    /** What may be used up by one command; answers from the cache cost nothing. */
    budget: z
      .strictObject({
        requests: count.nullable().default(null),
        tokens: count.nullable().default(null),
        money: z.number().positive().nullable().default(null),
      })
      .prefault({}),
  })
  .superRefine(({ budget, price }, context) => {
    if (budget.money === null || price !== null) return;
    const message = 'expected a price beside it, got none. Set endpoint.price.';
    context.addIssue({ code: 'custom', message, path: ['budget', 'money'] });
  });

export type EndpointPlan = z.output<typeof endpoint>;
