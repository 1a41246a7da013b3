import type { SourcePlan } from '../plan/data.js';
import { Fault } from '../plan/fault.js';
import { type Example, keepOnly, readExample, withoutContradictions } from './examples.js';
import type { FaultLog } from './fault-log.js';
import { shown } from './jsonl.js';
import type { Source } from './pairs.js';
import { filesOf } from './read/dataset.js';
import { readRows } from './read/rows.js';
import { SourceBuilder } from './source-builder.js';

/**
 * Reads a source of records (jsonl, Parquet, Arrow; a file, a folder or a data set of the hub). A record with several
 * positives makes several pairs; equal texts are one text. Where the plan names `documents`, positives are ids of those.
 * @throws Fault what cannot be read, and with `faults` set to stop the first record that cannot be used
 */
export async function readRecords(plan: SourcePlan, faults: FaultLog, say: (line: string) => void): Promise<Source> {
  const builder = new SourceBuilder(plan, faults);
  // Records go straight into the source, unless their positives have to be looked up first.
  const waiting: Example[] = [];
  const limit = plan.limit ?? Number.POSITIVE_INFINITY;
  let count = 0;
  reading: for await (const file of filesOf(plan, say)) {
    for await (const row of readRows(file, faults)) {
      const example = readExample(row, plan.columns ?? {}, faults);
      if (!example) continue;
      if (plan.documents) waiting.push(example);
      else builder.add(example);
      if (++count >= limit) break reading;
    }
  }
  if (plan.documents) for (const example of await join(waiting, plan.documents, faults, say)) builder.add(example);
  const source = builder.build();
  if (source.pairs.length === 0) {
    const place = plan.path ?? plan.hub;
    throw new Fault(`Expected at least one usable record for ${place}, got none. Check data.sources.`);
  }
  return source;
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
