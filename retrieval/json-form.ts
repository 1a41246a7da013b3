import { z } from 'zod';
import { Fault } from '../plan/fault.js';
import type { Qrels, Run } from './ranking.js';
import { readText, writeInParts } from './text-file.js';

// pytrec_eval's and BRIGHT's form: {query: {document: score}}, and the same with grades.

const scores = z.record(z.string(), z.record(z.string(), z.number()));
const grades = z.record(z.string(), z.record(z.string(), z.int()));

/** Reads a run in JSON form. @throws Fault a missing file, no JSON, or another shape. */
export function readJsonRun(path: string): Run {
  const byQuery = read(path, scores, '{"query": {"document": score}} with finite scores');
  return new Map(
    Object.entries(byQuery).map(([query, found]) => [
      query,
      Object.entries(found).map(([id, score]) => ({ id, score })),
    ]),
  );
}

/** Reads judgements in JSON form. @throws Fault a missing file, no JSON, or another shape. */
export function readJsonQrels(path: string): Qrels {
  const byQuery = read(path, grades, '{"query": {"document": grade}} with integer grades');
  return new Map(Object.entries(byQuery).map(([query, judged]) => [query, new Map(Object.entries(judged))]));
}

/** Writes a run, whole or not at all; scores in full. @throws Fault a file that cannot be written. */
export function writeJsonRun(path: string, run: Run): void {
  const rows = Array.from(
    run,
    ([query, ranked]) => [query, ranked.map(({ id, score }) => [id, score] as const)] as const,
  );
  writeInParts(path, json(rows));
}

/** Writes judgements, whole or not at all. @throws Fault a file that cannot be written. */
export function writeJsonQrels(path: string, qrels: Qrels): void {
  writeInParts(path, json(Array.from(qrels, ([query, judged]) => [query, [...judged]] as const)));
}

/** Not JSON.stringify of an object: that would put ids that look like numbers first, and drop `__proto__`. */
function* json(rows: readonly (readonly [string, readonly (readonly [string, number])[]])[]): Generator<string> {
  yield '{';
  for (const [i, [query, values]] of rows.entries()) {
    const inner = values.map(([id, value]) => `${JSON.stringify(id)}: ${JSON.stringify(value)}`).join(', ');
    yield `${i === 0 ? '\n' : ',\n'}${JSON.stringify(query)}: {${inner}}`;
  }
  yield '\n}\n';
}

function read<T>(path: string, schema: z.ZodType<T>, layout: string): T {
  let value: unknown;
  try {
    value = JSON.parse(readText(path));
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw new Fault(`Expected JSON for ${path}, got a text that is none. Write it again, or end its name in .run.`);
  }
  const checked = schema.safeParse(value);
  if (checked.success) return checked.data;
  const [issue] = checked.error.issues;
  const at = issue?.path.length ? ` at ${issue.path.map((part) => JSON.stringify(part)).join(', ')}` : '';
  throw new Fault(`Expected ${layout} for ${path}, got something else${at}. Correct it.`);
}
