import { allEnded } from '../../endpoint/all-ended.js';
import { type Answer, ask } from '../../endpoint/chat.js';
import type { Endpoint } from '../../endpoint/endpoint.js';
import type { RerankerPlan } from '../../plan/reranker.js';
import { Prompt } from '../../retrieval/prompt.js';
import type { Ranked, Run } from '../../retrieval/ranking.js';
import type { Scorer } from '../../retrieval/relevance/scorer.js';
import { orderIn, windows } from './listwise.js';

/** The texts that a reranker reads, by id. */
export interface Texts {
  readonly queries: ReadonlyMap<string, string>;
  readonly documents: ReadonlyMap<string, string>;
}

/** An answer that could not be read as a score or an order. */
export interface Malformed {
  readonly query: string;
  readonly documents: readonly string[];
  readonly answer: string;
}

export interface Reranked {
  /** The candidates with their new scores, in no particular order among ties. */
  readonly run: Run;
  /** Such documents get the lowest score, such windows stay as they were. */
  readonly malformed: readonly Malformed[];
}

/** What scores candidates anew: each document by itself, or a query's documents by their order in windows. */
export type Reranker = { readonly depth: number } & (
  | { readonly reads: 'documents'; readonly score: Scorer }
  | { readonly reads: 'queries'; readonly plan: Listwise; readonly endpoint: Endpoint }
);
type Listwise = Extract<RerankerPlan, { type: 'listwise' }>;

/**
 * Scores the best `depth` candidates of each query anew.
 *
 * @param candidates whose queries and documents are all in `texts`
 * @throws Fault as {@link Endpoint.post}, after requests under way have ended: their answers are kept
 */
export async function rerank(
  reranker: Reranker,
  candidates: Run,
  texts: Texts,
  onProgress: (done: number, of: number) => void = () => {},
): Promise<Reranked> {
  const malformed: Malformed[] = [];
  const queries = Array.from(candidates, ([query, ranked]) => [query, ranked.slice(0, reranker.depth)] as const);
  const { length } = reranker.reads === 'documents' ? queries.flatMap(([, ranked]) => ranked) : queries;
  let done = 0;
  const onDone = (): void => onProgress(++done, length);
  const note = (query: string, ranked: Ranked, { text }: Answer): void => {
    malformed.push({ query, documents: ranked.map(({ id }) => id), answer: text });
  };
  const rankOne = rankerOf(reranker, texts, note, onDone);
  const scored = queries.map(async ([query, ranked]) => [query, await rankOne(query, ranked)] as const);
  return { run: new Map(await allEnded(scored)), malformed };
}

type Note = (query: string, ranked: Ranked, answer: Answer) => void;
type RankOne = (query: string, ranked: Ranked) => Promise<Ranked>;

function rankerOf(reranker: Reranker, texts: Texts, note: Note, onDone: () => void): RankOne {
  if (reranker.reads === 'documents') {
    return (query, ranked) => scoreEach(reranker.score, query, ranked, texts, note, onDone);
  }
  const { plan, endpoint } = reranker;
  const prompt = new Prompt(plan.prompt, ['query', 'documents']);
  return async (query, ranked) => {
    const ordered = await order(plan, prompt, endpoint, query, ranked, texts, note);
    onDone();
    return ordered;
  };
}

async function scoreEach(
  scoreOf: Scorer,
  query: string,
  ranked: Ranked,
  texts: Texts,
  note: Note,
  onDone: () => void,
): Promise<Ranked> {
  const asked = ranked.map(async (candidate) => {
    const scored = await scoreOf(textOf(texts.queries, query), textOf(texts.documents, candidate.id));
    onDone();
    if (scored.score !== undefined) return { id: candidate.id, score: scored.score };
    note(query, [candidate], scored.answer);
    return { id: candidate.id, score: scored.lowest };
  });
  return allEnded(asked);
}

async function order(
  { window, stride }: Listwise,
  prompt: Prompt,
  endpoint: Endpoint,
  query: string,
  ranked: Ranked,
  texts: Texts,
  note: Note,
): Promise<Ranked> {
  let current = [...ranked];
  for (const [start, end] of windows(ranked.length, window, stride)) {
    const slice = current.slice(start, end);
    const documents = slice.map(({ id }, i) => `[${i + 1}] ${textOf(texts.documents, id)}`).join('\n\n');
    const text = prompt.fill({ query: textOf(texts.queries, query), documents });
    // "[20] > " is about five tokens.
    const answer = await ask(endpoint, { text, longest: 8 * slice.length });
    const places = orderIn(answer.text, slice.length);
    if (places === undefined) note(query, slice, answer);
    else current = [...current.slice(0, start), ...places.map((at) => slice[at]!), ...current.slice(end)];
  }
  return current.map(({ id }, i) => ({ id, score: current.length - i }));
}

function textOf(texts: ReadonlyMap<string, string>, id: string): string {
  const text = texts.get(id);
  if (text === undefined) throw new Error(`no text for ${id}`);
  return text;
}
