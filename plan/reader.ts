import { z } from 'zod';
import { count, endpoint } from './endpoint.js';
import { readPlanOf } from './read.js';

const readerSchema = z.strictObject({
  endpoint,
  /** Files: `closed` with {question} in it, `retrieved` also with {passages}. */
  prompt: z.strictObject({ closed: z.string().min(1), retrieved: z.string().min(1) }),
  /** The most tokens that an answer may have. */
  longest: count.default(32),
});

/** A language model that answers questions, as its YAML file says. */
export type ReaderPlan = z.output<typeof readerSchema>;

/** Reads one from YAML. Throws one Fault that names all that is wrong, a line each. */
export function readReader(file: string): ReaderPlan {
  return readPlanOf(readerSchema, file);
}
