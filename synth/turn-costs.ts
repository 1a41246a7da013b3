import { moneyOf, type Tokens } from '../endpoint/budget.js';
import type { EndpointPlan } from '../plan/endpoint.js';
import type { SynthesisPlan } from '../plan/synthesis.js';
import type { Call } from './ask.js';
import { type TurnName, turnNames } from './turns.js';

/** What calls of one kind took, each counted once however often it was run. */
export interface TurnCost {
  readonly turn: TurnName;
  readonly model: string;
  readonly prompt: string;
  readonly calls: number;
  readonly malformed: number;
  readonly refused: number;
  readonly tokens: Tokens;
  /** Calls of which the server did not say what they took. */
  readonly unknown: number;
  readonly money: number | null;
}

const judging: readonly TurnName[] = ['quality', 'check', 'grade'];

/** Sums up calls turn by turn. */
export function costOf(calls: readonly Call[], plan: SynthesisPlan): TurnCost[] {
  const once = new Map(calls.map((call) => [call.id, call]));
  const turns = turnNames.filter((name) => calls.some(({ turn }) => turn === name));
  return turns.map((turn) => {
    const own = [...once.values()].filter((call) => call.turn === turn);
    const tokens = own.reduce(
      (sum, call) => ({
        input: sum.input + (call.tokens?.input ?? 0),
        output: sum.output + (call.tokens?.output ?? 0),
      }),
      { input: 0, output: 0 },
    );
    const { model, prompt } = own[0]!;
    return {
      turn,
      model,
      prompt,
      calls: own.length,
      malformed: own.filter(({ unusable }) => unusable === 'malformed').length,
      refused: own.filter(({ unusable }) => unusable === 'refused').length,
      tokens,
      unknown: own.filter((call) => call.tokens === null).length,
      money: moneyOf(tokens, priceOf(turn, plan)),
    };
  });
}

/** What tokens of a turn cost: by the judge's price where it is a judge's. */
function priceOf(turn: TurnName, { endpoint, judging: { endpoint: judge } }: SynthesisPlan): EndpointPlan['price'] {
  return (judging.includes(turn) ? (judge ?? endpoint) : endpoint)?.price ?? null;
}
