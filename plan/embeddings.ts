import { z } from 'zod';
import { count, endpoint } from './endpoint.js';
import { readPlanOf } from './read.js';

const embeddingsSchema = z.strictObject({
  /** In tables and file names; the model's own where it is left out. */
  name: z
    .string()
    .regex(/^[\w-][\w.-]*$/, 'a name of letters, digits, ".", "_" and "-"')
    .optional(),
  endpoint,
  /** Texts in one request. */
  batch: count.default(64),
  /** Asked of servers that can shorten their vectors. */
  dimensions: count.nullable().default(null),
  /** Put before each text, as the model wants it. */
  prompt: z.strictObject({ query: z.string().default(''), document: z.string().default('') }).prefault({}),
  /** Cosine in place of the dot product. */
  normalize: z.boolean().default(true),
});

/** A server of embeddings as a retriever, as its YAML file says. */
export type EmbeddingsPlan = z.output<typeof embeddingsSchema>;

/** Reads one from YAML. Throws one Fault that names all that is wrong, a line each. */
export function readEmbeddings(file: string): EmbeddingsPlan {
  return readPlanOf(embeddingsSchema, file);
}
