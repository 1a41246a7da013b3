import { wordCount } from '../data/inspect/lengths.js';
import { normalized } from '../data/inspect/near-texts.js';
import { hash32 } from '../data/permutation.js';
import type { VariedLengthPlan } from '../plan/synthesis.js';
import { type Ask, type Call, conversation } from './ask.js';
import { type Desk, judged } from './desk.js';
import { askedLength, between, isOff } from './lengths.js';
import { longQueryFault } from './question-rules.js';
import { type Draft, leavingOut, type Origin, type Outcome, writtenBy } from './record.js';
import { hasControls } from './shown.js';
import * as turns from './turns.js';

// So many kinds of task in one answer; a longer list repeats itself.
const TASKS_AT_ONCE = 20;

/** Thinks of kinds of task, until there are as many as are wanted or an answer brings nothing new. */
export async function brainstorm(write: Ask, { domain, tasks: wanted }: VariedLengthPlan) {
  const found = new Map<string, string>();
  const calls: Call[] = [];
  while (found.size < wanted) {
    const number = Math.min(TASKS_AT_ONCE, wanted - found.size);
    const known = [...found.values()].join('\n');
    const { value, call } = await write(turns.tasks, { domain, number, known });
    calls.push(call);
    const before = found.size;
    for (const task of value?.tasks.slice(0, wanted - found.size) ?? []) found.set(normalized(task), task);
    if (found.size === before) break;
  }
  return { tasks: [...found.values()], calls };
}

/** Long query `i` of all that are drawn; `place` is which of those that the plan wants it is to become. */
export interface LongQueryDraw {
  readonly i: number;
  readonly place: number;
}

/**
 * Writes a long query and a document that answers it. One in the place of another that was lost has that one's length, so
 * that all together keep to the distribution, but its own task.
 */
export async function writeLongQuery(
  desk: Desk,
  varied: VariedLengthPlan,
  tasks: readonly string[],
  { i, place }: LongQueryDraw,
): Promise<Outcome<Draft>> {
  const { seed } = desk.plan;
  const id = `vl-${i}`;
  const calls: Call[] = [];
  const leaveOut = leavingOut(id, 'vl', calls);
  const task = tasks[i % tasks.length]!;
  const attempt = Math.floor(i / tasks.length);
  const words = askedLength(varied.query_words, place, varied.number, seed);

  const query = await atLength(desk, turns.query, { domain: varied.domain, task, words }, varied, attempt, calls);
  if (!query) return leaveOut('no query');
  const broken = longQueryFault(query.text);
  if (broken) return leaveOut(broken, query.text);

  const wanted = between(varied.positive_words, hash32(seed, i, 0x766c) / 2 ** 32);
  const positive = await atLength(desk, turns.positive, { query: query.text, words: wanted }, varied, 0, calls);
  if (!positive) return leaveOut('no positive', query.text);
  if (hasControls(positive.text)) return leaveOut('control tokens', query.text);
  const verdict = await judged(desk, query.text, positive.text, calls);
  if (!(verdict.grade !== null && verdict.grade >= desk.plan.judging.answers_from)) {
    return leaveOut('its positive does not answer', query.text);
  }
  const positives = [{ text: positive.text, origin: { ...positive.origin, verdict } }];
  return { id, kind: 'vl', query, positives, source: null, task, calls };
}

/**
 * A text of about so many words. One that is further off than the plan's tolerance goes back once, in a further turn that
 * says how long it is; the nearer of the two counts.
 */
async function atLength<T extends Record<string, string>>(
  { write, prompts }: Desk,
  turn: turns.Turn<T>,
  values: turns.Values & { readonly words: number },
  { tolerance }: VariedLengthPlan,
  attempt: number,
  calls: Call[],
): Promise<{ readonly text: string; readonly origin: Origin } | null> {
  const first = await write(turn, values, { attempt });
  calls.push(first.call);
  if (!first.value) return null;
  const asked = values.words;
  const written = (value: T, call: Call) => {
    const [text] = Object.values(value) as [string];
    return { text, origin: { ...writtenBy(call), words: { asked, got: wordCount(text) } } };
  };
  const one = written(first.value, first.call);
  const { got } = one.origin.words;
  if (!isOff({ asked, got }, tolerance)) return one;
  const before = conversation(prompts, turn, values, first.value);
  const second = await write(turns.length(turn), { got, words: asked }, { attempt, before });
  calls.push(second.call);
  if (!second.value) return one;
  const other = written(second.value, second.call);
  const off = ({ origin }: typeof one): number => Math.abs(origin.words.got - asked);
  return off(other) < off(one) ? other : one;
}
