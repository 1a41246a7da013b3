import type { SynthesisPlan } from '../plan/synthesis.js';
import type { Ask, Call } from './ask.js';
import type { Prompts } from './prompts.js';
import type { Verdict } from './record.js';
import * as turns from './turns.js';

/** What writing a record needs: the plan, its prompts, and whom to ask. */
export interface Desk {
  readonly plan: SynthesisPlan;
  readonly prompts: Prompts;
  /** Writes, at the plan's temperature. */
  readonly write: Ask;
  /** Judges, at temperature 0; another model where the plan names one. */
  readonly judge: Ask;
}

/** Whether a document answers a query, as the judge says; the call goes to `calls`. */
export async function judged({ judge }: Desk, query: string, document: string, calls: Call[]): Promise<Verdict> {
  const { value, call } = await judge(turns.grade, { query, document });
  calls.push(call);
  return { grade: value?.grade ?? null, call: call.id };
}
