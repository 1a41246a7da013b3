import type { Tokens } from '../endpoint/budget.js';
import type { Message } from '../endpoint/chat.js';
import type { Endpoint } from '../endpoint/endpoint.js';
import { askFor } from '../endpoint/structured.js';
import type { Prompts } from './prompts.js';
import type { Turn, TurnName, Values } from './turns.js';

/** Where an answer came from. */
export interface Call {
  readonly turn: TurnName;
  /** A hash of the prompt as its file has it. */
  readonly prompt: string;
  readonly model: string;
  /** The hash of all that was asked, under which the answer is kept. */
  readonly id: string;
  readonly tokens: Tokens | null;
  /** Where no answer could be had: it was of another form, or there was none. */
  readonly unusable?: 'malformed' | 'refused';
}

/** What was answered; null where no answer of the right form could be had. */
interface Said<T> {
  readonly value: T | null;
  readonly call: Call;
}

interface AskOptions {
  /** The same question once more: 0, 1, … */
  readonly attempt?: number;
  /** What was said before in the same conversation. */
  readonly before?: readonly Message[];
}

/** Asks a language model for one thing. @throws Fault as {@link askFor} */
export type Ask = <T>(turn: Turn<T>, values: Values, options?: AskOptions) => Promise<Said<T>>;

/** The messages of a turn that a further turn goes on from. */
export function conversation(prompts: Prompts, { name }: Turn<unknown>, values: Values, answer: unknown): Message[] {
  return [
    { role: 'user', content: prompts.fill(name, values) },
    { role: 'assistant', content: JSON.stringify(answer) },
  ];
}

/** Asks a model behind an endpoint. */
export function asker(endpoint: Endpoint, prompts: Prompts, temperature: number): Ask {
  return async (turn, values, { attempt = 0, before = [] } = {}) => {
    const { value, why, call, tokens } = await askFor(endpoint, {
      messages: [
        { role: 'system', content: prompts.system },
        ...before,
        { role: 'user', content: prompts.fill(turn.name, values) },
      ],
      schema: turn.answer,
      longest: turn.longest(values),
      temperature,
      attempt,
    });
    const { model } = endpoint.plan;
    const origin = { turn: turn.name, prompt: prompts.hashOf(turn.name), model, id: call, tokens };
    return { value, call: why === null ? origin : { ...origin, unusable: why } };
  };
}
