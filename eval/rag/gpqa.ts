import { readFileSync } from 'node:fs';
import { parse } from 'csv-parse/sync';
import { z } from 'zod';
import { hash32 } from '../../data/permutation.js';
import { Fault, reasonOf } from '../../plan/fault.js';
import type { Task } from './tasks.js';

const text = z.string().trim().min(1);

/** The columns of GPQA's published files (Rein et al. 2023) that are read; there are others. */
const record = z.object({
  Question: text,
  'Correct Answer': text,
  'Incorrect Answer 1': text,
  'Incorrect Answer 2': text,
  'Incorrect Answer 3': text,
});

const rows = z.array(z.object({ info: z.object({ lines: z.int() }), record: z.unknown() }));

/**
 * Reads GPQA's CSV files, which name the right answer and give no order: a question's four are put in one that `seed` and
 * its place in the file decide.
 *
 * @param limit at most so many; null: all
 * @throws Fault a file that is missing, empty or no CSV, or a record without one of the columns
 */
export function readGpqa(file: string, limit: number | null, seed: number): Task[] {
  const tasks = read(file)
    .slice(0, limit ?? undefined)
    .map((row, place) => taskOf(row.record, place, seed, `${file}:${row.info.lines}`));
  if (tasks.length > 0) return tasks;
  throw new Fault(`Expected questions for ${file}, got none. Take one of GPQA's CSV files as it is.`);
}

function read(file: string): z.output<typeof rows> {
  try {
    return rows.parse(parse(readFileSync(file), { columns: true, bom: true, info: true, skip_empty_lines: true }));
  } catch (error) {
    throw new Fault(`Expected a CSV file with a header for ${file}, got ${reasonOf(error)}. Check the file.`);
  }
}

function taskOf(value: unknown, place: number, seed: number, where: string): Task {
  const checked = record.safeParse(value);
  if (!checked.success) {
    const column = checked.error.issues[0]?.path[0];
    throw new Fault(`Expected text in the column ${String(column)} for ${where}, got none. Take GPQA's file as it is.`);
  }
  const { Question: question, 'Correct Answer': answer, ...others } = checked.data;
  const choices = [answer, ...Object.values(others)]
    .map((choice, i) => ({ choice, key: hash32(seed, place, i), right: i === 0 }))
    .sort((a, b) => a.key - b.key);
  return {
    id: `${place + 1}`,
    question,
    choices: choices.map(({ choice }) => choice),
    right: choices.findIndex(({ right }) => right),
    answers: [answer],
  };
}
