import { z } from 'zod';
import { readJsonl } from '../../data/jsonl.js';
import { Fault } from '../../plan/fault.js';

/** A question with known answers. */
export interface Task {
  /** Its line in the file; of GPQA its number. */
  readonly id: string;
  readonly question: string;
  /** Of a multiple-choice question; empty for a short answer. */
  readonly choices: readonly string[];
  /** The place of the right choice, or null. */
  readonly right: number | null;
  /** Texts that are right: the right choice's own, or any of the short answers. */
  readonly answers: readonly string[];
}

const text = z.string().trim().min(1);
const record = z.union([
  z.object({
    question: text,
    choices: z.array(z.string()).min(2).max(26),
    /** As MMLU's files have it: a letter, or a place from 0. */
    answer: z.union([z.string().regex(/^[A-Z]$/), z.int().nonnegative()]),
  }),
  z.object({ question: text, answers: z.array(text).min(1) }),
  z.object({ question: text, answer: text }),
]);

/** `A`, `B`, … */
export function letterOf(place: number): string {
  return String.fromCharCode(65 + place);
}

/** A question with its choices below it, each after its letter. */
export function wordingOf({ question, choices }: Task): string {
  return [question, ...choices.map((choice, i) => `${letterOf(i)}. ${choice}`)].join('\n');
}

/**
 * Reads questions, one a line: `{question, choices, answer}` with a letter or a place, as MMLU is laid out, or
 * `{question, answers}` or `{question, answer}` for short answers.
 *
 * @param limit at most so many; null: all
 * @throws Fault a file that is missing or empty, a line of another form, an answer that is none of the choices
 */
export function readTasks(file: string, limit: number | null = null): Task[] {
  const tasks: Task[] = [];
  for (const { line, value } of readJsonl(file)) {
    if (tasks.length === limit) break;
    tasks.push(taskOf(value, line, file));
  }
  if (tasks.length > 0) return tasks;
  throw new Fault(`Expected questions for ${file}, got none. Write one JSON object a line.`);
}

function taskOf(value: unknown, line: number, file: string): Task {
  // A record with choices is meant as one: it is no short answer with a field too many.
  const checked = record.safeParse(value);
  const meant = typeof value === 'object' && value !== null && 'choices' in value;
  if (!checked.success || meant !== 'choices' in checked.data) {
    throw new Fault(
      `Expected {question, choices, answer} or {question, answers} for ${file}:${line}, got another form. Correct that line.`,
    );
  }
  const { data } = checked;
  const { question } = data;
  if (!('choices' in data)) {
    return {
      id: `${line}`,
      question,
      choices: [],
      right: null,
      answers: 'answers' in data ? data.answers : [data.answer],
    };
  }
  const { choices, answer } = data;
  const right = typeof answer === 'string' ? answer.charCodeAt(0) - 65 : answer;
  const own = choices[right];
  if (own === undefined) {
    throw new Fault(
      `Expected one of ${choices.length} choices as the answer for ${file}:${line}, got ${answer}. Correct that line.`,
    );
  }
  return { id: `${line}`, question, choices, right, answers: [own] };
}
