import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Endpoint } from '../../endpoint/endpoint.js';
import type { Writer } from '../../endpoint/stand-in/reply.js';
import { openStandIn } from '../../endpoint/stand-in/stand-in.js';
import { written } from '../../endpoint/stand-in/writing.js';
import { readSynthesis } from '../../plan/synthesis.js';
import { asker } from '../../synth/ask.js';
import { promptReader } from '../../synth/canned/read-prompt.js';
import { Prompts } from '../../synth/prompts.js';
import { synthesize } from '../../synth/synthesize.js';
import type { TurnName } from '../../synth/turns.js';

/** What a scripted model answers to each turn, by the values of its prompt; text stands as it is. */
export type Script = Partial<Record<TurnName, (values: Readonly<Record<string, string>>) => unknown>>;

/** Another reply than the script's, as `written` takes it. */
type Otherwise = Parameters<typeof written>[1];

/** So many words that no other text has. */
export function words(count: number, from: number): string {
  return Array.from({ length: count }, (_, i) => `w${(from * 5003 + i * 7).toString(36)}x`).join(' ');
}

const first = (text: string): string => /\S+/.exec(text)?.[0] ?? '';
/** By this a question names its document, and the scripted judge knows it again: its first word, backwards. */
export const tag = (document: string): string => [...first(document)].reverse().join('');

const dutiful: Required<Script> = {
  quality: () => ({ grade: 4 }),
  question: ({ document = '' }) => ({ question: `why would ${tag(document)} do so when all else is as before` }),
  check: () => ({ self_contained: true, needs_reasoning: true, answered: true }),
  passage: ({ document = '', words: n }) => ({ passage: `${first(document)} ${words(Number(n) - 1, 70)}` }),
  tasks: ({ number }) => ({ tasks: Array.from({ length: Number(number) }, (_, i) => `task ${words(3, 80 + i)}`) }),
  query: ({ words: n }) => ({ query: words(Number(n), Number(n)) }),
  length: ({ words: n }) => ({ query: words(Number(n), 60) }),
  positive: ({ query = '', words: n }) => ({ document: `right ${words(Number(n) - 1, query.length)}` }),
  negative: ({ words: n }) => ({ document: `wrong ${words(Number(n) - 1, 40)}` }),
  grade: ({ query = '', document = '' }) => ({
    grade: document.startsWith('right') || query.includes(tag(document)) ? 5 : 1,
  }),
};

/** A record's line, as tests look into it. */
interface Line {
  readonly query: [string, string];
  readonly pos: [string, string][];
  readonly neg: [string, string][];
  // biome-ignore lint/suspicious/noExplicitAny: each test looks at another part of it
  readonly origin: any;
  readonly reason: string;
  readonly id: string;
}

/** A synthesis of these documents (d0, d1, …) against a scripted model, in a folder of its own. */
export async function chain(
  yaml: string,
  documents: readonly string[],
  script: Script = {},
  { endpoint: more = '', otherwise }: { readonly endpoint?: string; readonly otherwise?: Otherwise } = {},
) {
  const folder = mkdtempSync(join(tmpdir(), 'reasontune-synth-'));
  const corpus = join(folder, 'corpus.jsonl');
  writeFileSync(corpus, documents.map((text, i) => `${JSON.stringify({ _id: `d${i}`, text })}\n`).join(''));
  const server = await openStandIn(written(scripted(script), otherwise), { delay: 0 });
  const file = join(folder, 'plan.yaml');
  const endpoint = `endpoint: {url: "${server.url}", model: m, retries: 0, price: {input: 1, output: 2}${more}}`;
  writeFileSync(file, `name: t\n${endpoint}\ndocuments: {path: ${corpus}, words: [5, 2000]}\n${yaml}`);
  const plan = readSynthesis(file);
  const prompts = new Prompts(undefined, plan.shown_words);
  const out = join(folder, 'out');
  /** @param cache where answers are kept, as `REASONTUNE_CACHE` */
  const run = async (to = out, cache = folder) => {
    const model = new Endpoint(plan.endpoint!, { folder: join(cache, 'answers') });
    const hands = { plan, prompts, write: asker(model, prompts, 0.8), judge: asker(model, prompts, 0) };
    const card = await synthesize(to, { ...hands, width: 4, onProgress: () => {} });
    return { card, spent: model.spent };
  };
  const linesOf = (name: string): Line[] =>
    readFileSync(join(out, name), 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  return { folder, out, file, plan, prompts, server, run, linesOf };
}

/** Answers by a script, the rest as a model would that does all as it should. */
export function scripted(script: Script): Writer {
  const all = { ...dutiful, ...script };
  const read = promptReader(new Prompts(undefined, 2000));
  return (messages) => {
    const prompt = messages.map(({ content }) => read(content)).findLast((one) => one !== null);
    if (!prompt) return 'no prompt of ours';
    const said = all[prompt.name](prompt.values);
    return typeof said === 'string' ? said : JSON.stringify(said);
  };
}
