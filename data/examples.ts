import { z } from 'zod';
import { Fault } from '../plan/fault.js';
import type { SourcePlan } from '../plan/schema.js';
import { readJsonl } from './jsonl.js';
import type { MinableSource, Pair } from './pairs.js';

const text = z.string().refine((t) => t.trim() !== '', 'expected text, got an empty one');
const schema = z.object({ query: text, pos: z.array(text).min(1), neg: z.array(text).default([]) });

/**
 * Reads a .jsonl (or .jsonl.gz) of {"query": …, "pos": […], "neg": […]}. A line with several positives makes several
 * pairs; equal texts are one text. Throws a Fault with file, line and field for a line of another shape.
 */
export function readExamples(plan: SourcePlan): MinableSource {
  const [queries, documents] = [new Numbering(), new Numbering()];
  const pairs: (Pair & { line: number })[] = [];
  for (const { line, value } of readJsonl(plan.path)) {
    const parsed = schema.safeParse(value);
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      throw new Fault(
        `Expected {"query": text, "pos": [text, …], "neg": [text, …]} for ${plan.path}:${line}, ` +
          `got ${issue?.path.join('.') || 'the line'}: ${issue?.message}. Mend the line.`,
      );
    }
    const query = queries.of(parsed.data.query);
    const negatives = parsed.data.neg.map((t) => documents.of(t));
    for (const positive of parsed.data.pos) pairs.push({ query, positive: documents.of(positive), negatives, line });
  }
  if (pairs.length === 0) throw new Fault(`Expected at least one line for ${plan.path}, got none. Check data.sources.`);
  return {
    name: plan.name,
    weight: plan.weight,
    queries: queries.texts,
    documents: documents.texts,
    labelOf: (i) => `line ${pairs[i]?.line}`,
    pairs,
    ids: documents.texts.map((_, i) => String(i)),
    barred: positivesByQuery(pairs, queries.texts.length),
  };
}

function positivesByQuery(pairs: readonly Pair[], queries: number): string[][] {
  const barred: string[][] = Array.from({ length: queries }, () => []);
  for (const { query, positive } of pairs) barred[query]?.push(String(positive));
  return barred;
}

/** Gives equal texts one number, in order of first appearance. */
class Numbering {
  readonly texts: string[] = [];
  readonly #numbers = new Map<string, number>();

  of(text: string): number {
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    this.#numbers.set(text, this.texts.length);
    return this.texts.push(text) - 1;
  }
}
