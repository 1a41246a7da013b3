import { z } from 'zod';
import { count, endpoint } from './endpoint.js';
import { readPlanOf } from './read.js';

const rewriterSchema = z.strictObject({
  endpoint,
  /** File with {query} in it. */
  prompt: z.string().min(1),
  /** The most tokens that a rewritten query may have. */
  longest: count.default(1024),
  /** The original query, a line break, and what was written; else what was written alone. */
  keep_original: z.boolean().default(false),
});

/** How a language model rewrites queries, as its YAML file says. */
export type RewriterPlan = z.output<typeof rewriterSchema>;

/** Reads one from YAML. Throws one Fault that names all that is wrong, a line each. */
export function readRewriter(file: string): RewriterPlan {
  return readPlanOf(rewriterSchema, file);
}
