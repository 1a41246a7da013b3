import type { SourcePlan } from '../plan/data.js';
import { Fault } from '../plan/fault.js';
import { type Example, keepOnly, readExample, withoutContradictions } from './examples.js';
import type { FaultLog } from './fault-log.js';
import { shown } from './jsonl.js';
import { Numbering } from './numbering.js';
import { asked, type Pair, type Source } from './pairs.js';
import { filesOf } from './read/dataset.js';
import { readRows } from './read/rows.js';

/**
 * Reads a source of records (jsonl, Parquet, Arrow; a file, a folder or a data set of the hub). A record with several
 * positives makes several pairs; equal texts are one text. Where the plan names `documents`, positives are ids of those.
 * @throws Fault what cannot be read, and with `faults` set to stop the first record that cannot be used
 */
export async function readRecords(plan: SourcePlan, faults: FaultLog, say: (line: string) => void): Promise<Source> {
  const examples: Example[] = [];
  const limit = plan.limit ?? Number.POSITIVE_INFINITY;
  reading: for await (const file of filesOf(plan, say)) {
    for await (const row of readRows(file, faults)) {
      const example = readExample(row, plan.columns ?? {}, faults);
      if (example) examples.push(example);
      if (examples.length >= limit) break reading;
    }
  }
  const joined = plan.documents ? await join(examples, plan.documents, faults, say) : examples;
  if (joined.length === 0) {
    const place = plan.path ?? plan.hub;
    throw new Fault(`Expected at least one usable record for ${place}, got none. Check data.sources.`);
  }
  return sourceOf(plan, joined, faults);
}

/**
 * Puts documents in the place of their ids, over all files of their place; where two have one id the later one counts,
 * as in ReasonIR's own script. Only those that are asked for are kept in memory.
 */
async function join(
  examples: readonly Example[],
  place: NonNullable<SourcePlan['documents']>,
  faults: FaultLog,
  say: (line: string) => void,
): Promise<Example[]> {
  const texts = new Map<string, string | null>();
  for (const { positives, excluded } of examples) {
    for (const id of [...positives.map(({ text }) => text), ...excluded]) texts.set(id, null);
  }
  for await (const file of filesOf(place, say)) {
    for await (const { where, value } of readRows(file, faults)) {
      const document = documentOf(value);
      if (document === null) {
        faults.report(
          'wrong type',
          `Expected a document with id and content for ${where}, got ${shown(value)}. Check the source's documents.`,
        );
      } else if (texts.has(document.id)) texts.set(document.id, document.text);
    }
  }
  const textOf = (id: string): string | null => texts.get(id) ?? null;
  return examples.flatMap((example) => {
    const known = keepOnly(
      example,
      ({ text: id }) => {
        if (textOf(id) !== null) return true;
        faults.report(
          'unknown id',
          `Expected an id of the source's documents for ${example.where}, got ${shown(id)}. Name all splits that it needs.`,
        );
        return false;
      },
      () => true,
    );
    const positives = known.positives.map(({ text: id, instruction }) => ({ instruction, text: textOf(id) as string }));
    const excluded = example.excluded.flatMap((id) => textOf(id) ?? []);
    return withoutContradictions({ ...known, positives, excluded }, faults) ?? [];
  });
}

/** BRIGHT's {id, content}, or BEIR's {_id, title?, text}. */
function documentOf(value: unknown): { id: string; text: string } | null {
  if (typeof value !== 'object' || value === null) return null;
  const { id, _id = id, content, text = content, title } = value as Record<string, unknown>;
  if (typeof _id !== 'string' || typeof text !== 'string') return null;
  const whole = typeof title === 'string' ? `${title} ${text}`.trim() : text;
  return whole.trim() === '' ? null : { id: _id, text: whole };
}

function sourceOf(plan: SourcePlan, examples: readonly Example[], faults: FaultLog): Source {
  const [queries, documents] = [new Numbering(), new Numbering()];
  const texts: string[] = [];
  const instructions: string[] = [];
  const barred: string[][] = [];
  const pairs: Pair[] = [];
  const places: string[] = [];
  for (const { query, positives, negatives, scores, where } of examples) {
    const instruction = query.instruction || (plan.instruction ?? '');
    const number = queries.of(asked(instruction, query.text));
    texts[number] = query.text;
    instructions[number] = instruction;
    barred[number] ??= [];
    const answers = positives.map(({ instruction: before, text }) => documents.of(asked(before, text)));
    const others = negatives.map(({ instruction: before, text }) => documents.of(asked(before, text)));
    answers.forEach((positive, p) => {
      const own = scores && { positive: scores[p] as number, negatives: scores.slice(answers.length) };
      pairs.push({ query: number, positive, negatives: others, ...(own && { scores: own }) });
      places.push(where);
      barred[number]?.push(String(positive));
    });
  }
  for (const { query, excluded } of examples) {
    const number = queries.of(asked(query.instruction || (plan.instruction ?? ''), query.text));
    for (const text of excluded) {
      const document = documents.find(text);
      if (document !== undefined) barred[number]?.push(String(document));
    }
  }
  return {
    name: plan.name,
    weight: plan.weight,
    queries: texts,
    instructions,
    documents: documents.texts,
    ids: documents.texts.map((_, i) => String(i)),
    barred,
    labelOf: (i) => places[i] ?? '',
    pairs,
    maxLength: plan.max_length ?? {},
    faults,
  };
}
