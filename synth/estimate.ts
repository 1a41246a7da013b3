import type { Tokens } from '../endpoint/budget.js';
import { dryEndpoint } from '../endpoint/dry.js';
import type { Endpoint } from '../endpoint/endpoint.js';
import type { SynthesisPlan } from '../plan/synthesis.js';
import { type Ask, asker, type Call } from './ask.js';
import { candidateFinder, type Finder } from './candidates.js';
import { type Document, readSynthesisDocuments } from './documents.js';
import type { Ended } from './draw.js';
import { MadeUp } from './made-up.js';
import { makeRecords } from './make-records.js';
import { endpointsOf } from './open-models.js';
import { decisive, outcomesSoFar } from './outcomes.js';
import type { Prompts } from './prompts.js';
import type { Classify } from './quality/classifier.js';
import { type Kind, kindsOf, recordsOf } from './record.js';
import { Screen } from './screen.js';
import { type TurnName, turnNames } from './turns.js';

/** What asking takes. */
export interface Taken {
  /** To be sent. */
  readonly calls: number;
  /** Answered before, which cost nothing again. */
  readonly kept: number;
  readonly tokens: Tokens;
  /** By the plan's prices; null where one is missing. */
  readonly money: number | null;
}

/** What a synthesis would take. */
export interface Estimate extends Taken {
  readonly turns: readonly (Taken & { readonly turn: TurnName })[];
  readonly kinds: readonly {
    readonly kind: Kind;
    readonly wanted: number;
    readonly records: number;
    readonly ended: Ended;
  }[];
  /** Encoders that were not asked, and what stood in for each. */
  readonly standIns: readonly string[];
}

const nothing: Taken = { calls: 0, kept: 0, tokens: { input: 0, output: 0 }, money: 0 };

/**
 * Runs the synthesis itself on endpoints that send nothing ({@link dryEndpoint}) and count: what is kept of earlier answers
 * and starts is taken, the rest is made up ({@link MadeUp}). Nothing is sent or written, and no encoder is loaded: BM25 stands in where
 * candidates are looked for (any documents fill up what it lacks), and for a classifier every document is good.
 *
 * @param folder of the synthesis itself
 * @throws Fault as {@link readSynthesisDocuments}, and eval sets that cannot be read
 */
export async function estimate(plan: SynthesisPlan, prompts: Prompts, folder: string): Promise<Estimate> {
  const made = new MadeUp();
  const counted = new Map<TurnName, Taken>();
  const open = endpointsOf(plan, folder);
  const writer = dryEndpoint(open.writer.plan, made.writer, open.writer.answers);
  const judge = open.judge ? dryEndpoint(open.judge.plan, made.writer, open.judge.answers) : writer;
  const documents = plan.documents ? readSynthesisDocuments(plan.documents) : null;
  const screen = new Screen(plan.eval_sets);
  // Of an earlier start: what it made is not asked for again, whatever candidates would be found now.
  const known = outcomesSoFar(folder, decisive(plan, prompts, documents));
  const seen = new Set<string>();
  const { candidates, hard_queries: hard } = plan;
  const byWords = { ...plan, candidates: { ...candidates, by: ['bm25'] } };
  const { drawn } = await makeRecords(
    {
      plan,
      prompts,
      write: counting(asker(writer, prompts, plan.temperature), writer, made, counted),
      judge: counting(asker(judge, prompts, 0), judge, made, counted),
      // One thing after another, so that what each takes can be told.
      width: 1,
      onProgress: () => {},
    },
    {
      documents,
      objects: (query) => screen.objects(query),
      once: async (key, make) => {
        if (!known.has(key)) return make();
        const outcome = known.get(key) as Awaited<ReturnType<typeof make>>;
        countKept(outcome, counted, seen);
        return outcome;
      },
      find: filledUp(
        candidateFinder(documents?.documents ?? [], byWords, () => {}),
        documents?.documents ?? [],
        candidates.ranks,
      ),
      classify: everyOneGood,
    },
  );
  const turns = turnNames.flatMap((turn) => (counted.has(turn) ? [{ turn, ...counted.get(turn)! }] : []));
  const searches = plan.negatives.mined > 0 || hard?.positive === 'graded';
  const encoders = candidates.by.filter((name) => name !== 'bm25');
  return {
    turns,
    kinds: kindsOf(plan).map((kind) => {
      const { outcomes, ended } = drawn[kind]!;
      const wanted = (kind === 'hq' ? hard?.number : plan.varied_length?.number) ?? 0;
      return { kind, wanted, records: recordsOf(outcomes).length, ended };
    }),
    ...turns.reduce(sumOf, nothing),
    standIns: [
      ...(searches && encoders.length > 0 ? [`BM25 in the place of ${encoders.join(' and ')} for candidates`] : []),
      ...(hard?.quality.type === 'classifier' ? ['every document taken for good in the place of the classifier'] : []),
    ],
  };
}

/** With any documents where fewer are found than ranks ask for, as for a made-up query whose words no document has. */
function filledUp(find: Finder, documents: readonly Document[], [first, last]: readonly [number, number]): Finder {
  return async (drafts) => {
    const candidatesOf = await find(drafts);
    return (place) => {
      const found = candidatesOf(place);
      const known = new Set([drafts[place]!.source, ...found.map(({ id }) => id)]);
      const missing = last - first + 1 - found.filter(({ rank }) => rank > 0).length;
      const others: Document[] = [];
      for (let i = 0; i < documents.length && others.length < missing; i++) {
        if (!known.has(documents[i]!.id)) others.push(documents[i]!);
      }
      return [...found, ...others.map((document, i) => ({ ...document, rank: last - missing + i + 1 }))];
    };
  };
}

const everyOneGood: Classify = async (texts, examples) => ({
  scores: texts.map(() => 1),
  examples: examples.length,
  good: examples.length,
  accuracy: 1,
});

/** Asks, and counts for each turn what it takes. */
function counting(ask: Ask, endpoint: Endpoint, made: MadeUp, counted: Map<TurnName, Taken>): Ask {
  return async (turn, values, options) => {
    made.see(turn, values);
    const before = endpoint.spent;
    const said = await ask(turn, values, options);
    const after = endpoint.spent;
    const taken = {
      calls: after.requests - before.requests,
      kept: after.cached - before.cached,
      tokens: {
        input: after.tokens.input - before.tokens.input,
        output: after.tokens.output - before.tokens.output,
      },
      money: after.money === null ? null : after.money - before.money!,
    };
    counted.set(turn.name, sumOf(counted.get(turn.name) ?? nothing, taken));
    return said;
  };
}

/** Counts the calls of what an earlier start made, each once. */
function countKept(
  { calls }: { readonly calls: readonly Call[] },
  counted: Map<TurnName, Taken>,
  seen: Set<string>,
): void {
  for (const { id, turn } of calls) {
    if (seen.has(id)) continue;
    seen.add(id);
    counted.set(turn, sumOf(counted.get(turn) ?? nothing, { ...nothing, kept: 1 }));
  }
}

function sumOf(a: Taken, b: Taken): Taken {
  return {
    calls: a.calls + b.calls,
    kept: a.kept + b.kept,
    tokens: { input: a.tokens.input + b.tokens.input, output: a.tokens.output + b.tokens.output },
    money: a.money === null || b.money === null ? null : a.money + b.money,
  };
}
