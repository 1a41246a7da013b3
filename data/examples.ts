import { z } from 'zod';
import { Fault } from '../plan/fault.js';
import type { SourcePlan } from '../plan/schema.js';
import { readJsonl } from './jsonl.js';
import type { MinableSource, Pair } from './pairs.js';

const text = z.string().refine((t) => t.trim() !== '', 'expected text, got an empty one');
const scores = z.array(z.number()).nullish();
const schema = z
  .object({
    query: text,
    pos: z.array(text).min(1),
    neg: z.array(text).default([]),
    pos_scores: scores,
    neg_scores: scores,
  })
  .superRefine(({ pos, neg, pos_scores, neg_scores }, context) => {
    const check = (field: string, given: readonly number[] | null | undefined, texts: number): void => {
      // A side of no texts may leave its scores out.
      if ((given?.length ?? 0) === texts) return;
      const message = `expected a score for each of ${texts} texts, got ${given?.length ?? 0}`;
      context.addIssue({ code: 'custom', path: [field], message });
    };
    if (!pos_scores && !neg_scores) return;
    check('pos_scores', pos_scores, pos.length);
    check('neg_scores', neg_scores, neg.length);
  });
type Line = z.output<typeof schema>;

/**
 * Reads a .jsonl (or .jsonl.gz) of {"query": …, "pos": […], "neg": […]}, with "pos_scores" and "neg_scores" where a
 * teacher has scored them (the format of BGE's reranker data). A line with several positives makes several pairs; equal
 * texts are one text. Throws a Fault with file, line and field for a line of another shape.
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
    parsed.data.pos.forEach((positive, i) => {
      pairs.push({ query, positive: documents.of(positive), negatives, line, ...scoresOf(parsed.data, i) });
    });
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

function scoresOf({ pos_scores, neg_scores }: Line, positive: number): Pick<Pair, 'scores'> {
  return pos_scores ? { scores: { positive: pos_scores[positive] as number, negatives: neg_scores ?? [] } } : {};
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
