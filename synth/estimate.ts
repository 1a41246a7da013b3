import { hash32, hashText } from '../data/permutation.js';
import type { Tokens } from '../endpoint/budget.js';
import type { SynthesisPlan } from '../plan/synthesis.js';
import type { Ask } from './ask.js';
import { moneyOf, priceOf } from './card.js';
import { readSynthesisDocuments } from './documents.js';
import { makeRecords } from './make-records.js';
import type { Prompts } from './prompts.js';
import * as turns from './turns.js';
import { type TurnName, turnNames, type Values } from './turns.js';

/** What a synthesis would take. */
export interface Estimate {
  readonly turns: readonly {
    readonly turn: TurnName;
    readonly calls: number;
    readonly tokens: Tokens;
    readonly money: number | null;
  }[];
  readonly calls: number;
  readonly tokens: Tokens;
  readonly money: number | null;
}

// Of English, about; other languages have fewer bytes to a token.
const BYTES_PER_TOKEN = 4;

/**
 * Goes through a synthesis with answers made up on the spot, each as long as it is asked for, and counts. Nothing is
 * sent and no model is loaded. It takes every answer for usable and every grade for right: what is left out and asked
 * anew comes on top, what was answered before comes off. A query's candidates are any documents.
 */
export async function estimate(plan: SynthesisPlan, prompts: Prompts): Promise<Estimate> {
  const counted = new Map<TurnName, { calls: number; input: number; output: number }>();
  const answering = new Set<string>();
  const ask: Ask = async (turn, values, { before = [] } = {}) => {
    const made = turn.answer.parse(madeUp(turn.name, values, answering));
    const sent = [prompts.system, prompts.fill(turn.name, values), ...before.map(({ content }) => content)];
    const one = counted.get(turn.name) ?? { calls: 0, input: 0, output: 0 };
    one.calls++;
    one.input += sent.reduce((sum, text) => sum + Buffer.byteLength(text), 0) / BYTES_PER_TOKEN;
    one.output += Buffer.byteLength(JSON.stringify(made)) / BYTES_PER_TOKEN;
    counted.set(turn.name, one);
    return { value: made, call: { turn: turn.name, prompt: '', model: '', id: '', tokens: null } };
  };
  const documents = plan.documents ? readSynthesisDocuments(plan.documents) : null;
  const rules = { type: 'rules', at_least: 1e-9 } as const;
  const hard = plan.hard_queries;
  await makeRecords(
    {
      // Without an encoder every document counts as good; what a language model grades for it is counted below.
      plan: hard?.quality.type === 'classifier' ? { ...plan, hard_queries: { ...hard, quality: rules } } : plan,
      prompts,
      write: ask,
      judge: ask,
      width: 1,
      onProgress: () => {},
    },
    {
      documents,
      load: undefined,
      objects: () => null,
      once: (_key, make) => make(),
      candidates:
        async (all, drafts, { candidates: { ranks } }) =>
        (place) => {
          const own = drafts[place]?.source ?? null;
          const source = own !== null && drafts[place]?.positives.length === 0 ? [own] : [];
          const others = all.filter(({ id }) => id !== own).slice(ranks[0] - 1, ranks[1]);
          const first = all.filter(({ id }) => source.includes(id));
          return [...first, ...others].map((document, rank) => ({ ...document, rank }));
        },
    },
  );
  if (hard?.quality.type === 'classifier' && hard.quality.labels === undefined && documents) {
    for (const { text } of documents.documents.slice(0, hard.quality.sample)) {
      await ask(turns.quality, { document: text });
    }
  }
  return summary(counted, plan);
}

function summary(
  counted: ReadonlyMap<TurnName, { calls: number; input: number; output: number }>,
  plan: SynthesisPlan,
): Estimate {
  const rows = turnNames.flatMap((turn) => {
    const one = counted.get(turn);
    if (!one) return [];
    const tokens = { input: Math.round(one.input), output: Math.round(one.output) };
    return [{ turn, calls: one.calls, tokens, money: moneyOf(tokens, priceOf(turn, plan)) }];
  });
  const sum = (of: (row: (typeof rows)[number]) => number): number => rows.reduce((total, turn) => total + of(turn), 0);
  return {
    turns: rows,
    calls: sum(({ calls }) => calls),
    tokens: { input: sum(({ tokens }) => tokens.input), output: sum(({ tokens }) => tokens.output) },
    money: rows.some(({ money }) => money === null) ? null : sum(({ money }) => money ?? 0),
  };
}

/** An answer of the length that is asked for; what answers a query is remembered, so that it gets its grade. */
function madeUp(name: TurnName, values: Values, answering: Set<string>): object {
  const words = Number(values.words);
  const key = hashText(JSON.stringify([name, values]));
  const text = (length: number): string =>
    Array.from({ length }, (_, i) => hash32(key, i).toString(36).slice(0, 5)).join(' ');
  switch (name) {
    case 'quality':
      return { grade: 5 };
    case 'question':
      answering.add(String(values.document));
      return { question: text(80) };
    case 'check':
      return { self_contained: true, needs_reasoning: true, answered: true };
    case 'tasks':
      return { tasks: Array.from({ length: Number(values.number) }, (_, i) => `${i} ${text(20)}`) };
    case 'query':
    case 'length':
      return { query: text(words) };
    case 'passage':
    case 'positive': {
      const made = text(words);
      answering.add(made);
      return name === 'passage' ? { passage: made } : { document: made };
    }
    case 'negative':
      return { document: text(words) };
    case 'grade':
      return { grade: answering.has(String(values.document)) ? 5 : 1 };
  }
}
