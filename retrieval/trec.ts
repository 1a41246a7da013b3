import { Fault } from '../plan/fault.js';
import type { Qrels, Ranked, Run } from './ranking.js';
import { readText, writeInParts } from './text-file.js';

// Run lines are `query Q0 document rank score tag`, judgements `query 0 document grade`, cut at tabs or else at blanks.
// Cut at blanks a document id may itself hold blanks (published runs have such), since the fields around it may not.
const runLine = /^(\S+)\s+\S+\s+(\S.*?)\s+(-?\d+)\s+(\S+)\s+\S+$/;
const qrelsLine = /^(\S+)\s+\S+\s+(\S.*?)\s+(\S+)$/;
const beirHeader = /^[^\t]+\t[^\t]+\t(?!\s*[+-]?\d+\s*$)[^\t]+$/;
const number = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const notFinite = /^[+-]?(?:nan|inf|infinity)$/i;

/** A run as its file has it, documents in the file's order, and for how many queries its ranks contradict its scores. */
export type TrecRun = { readonly run: Run; readonly misranked: number };

/**
 * Reads a TREC run.
 *
 * @throws Fault a missing file, a malformed line, a score that is not a finite number, or a document listed twice for
 *   a query.
 */
export function readTrecRun(path: string): TrecRun {
  const run = new Map<string, { id: string; score: number }[]>();
  const ranks = new Map<string, number[]>();
  const once = onlyOnce();
  for (const { text, where } of records(path)) {
    const [query, document, rank, value] = cut(text, 6, runLine);
    if (value !== undefined && notFinite.test(value)) {
      const got = `${JSON.stringify(value)} for document ${JSON.stringify(document)}`;
      throw new Fault(`Expected a finite score for ${where}, got ${got}. Mend what made it, or delete the line.`);
    }
    if (!query || !document || value === undefined || !number.test(value) || !Number.isFinite(Number(value))) {
      throw malformed('query Q0 document rank score tag', where, text);
    }
    once(query, document, where);
    listOf(run, query).push({ id: document, score: Number(value) });
    listOf(ranks, query).push(Number(rank));
  }
  let misranked = 0;
  for (const [query, ranked] of run) if (contradict(ranks.get(query)!, ranked)) misranked++;
  return { run, misranked };
}

/**
 * Reads TREC judgements, or BEIR's: three columns between tabs under a header.
 *
 * @throws Fault a missing file, a malformed line, or a document judged twice for a query.
 */
export function readTrecQrels(path: string): Qrels {
  const qrels = new Map<string, Map<string, number>>();
  const once = onlyOnce();
  let beir: boolean | undefined;
  for (const { text, where } of records(path)) {
    if (beir === undefined) {
      beir = beirHeader.test(text);
      if (beir) continue;
    }
    const [query, document, grade] = cut(beir ? text.replace('\t', '\t0\t') : text, 4, qrelsLine);
    if (!query || !document || grade === undefined || !/^[+-]?\d{1,9}$/.test(grade)) {
      throw malformed(beir ? 'query<tab>document<tab>grade' : 'query 0 document grade', where, text);
    }
    once(query, document, where);
    const grades = qrels.get(query);
    if (grades) grades.set(document, Number(grade));
    else qrels.set(query, new Map([[document, Number(grade)]]));
  }
  return qrels;
}

/**
 * Writes a run, whole or not at all; scores in full, so that reading gives them back.
 *
 * @param tag the run's name, one word
 * @throws Fault an id that the format cannot hold, or a file that cannot be written.
 */
export function writeTrecRun(path: string, run: Run, tag: string): void {
  writeInParts(
    path,
    lines(path, run, (ranked: Ranked) =>
      ranked.map(({ id, score }, i) => ['Q0', writable(id, path), i + 1, score, writable(tag, path)]),
    ),
  );
}

/** Writes judgements, whole or not at all. @throws Fault as {@link writeTrecRun}. */
export function writeTrecQrels(path: string, qrels: Qrels): void {
  writeInParts(
    path,
    lines(path, qrels, (grades: ReadonlyMap<string, number>) =>
      Array.from(grades, ([id, grade]) => ['0', writable(id, path), grade]),
    ),
  );
}

/** The lines that are neither blank nor a `#` comment. */
function* records(path: string): Generator<{ text: string; where: string }, void> {
  for (const [i, line] of readText(path).split('\n').entries()) {
    if (line.trim() !== '' && !line.startsWith('#')) yield { text: line.replace(/\r$/, ''), where: `${path}:${i + 1}` };
  }
}

/** A line's fields but for the second, which says nothing. */
function cut(text: string, fields: 4 | 6, blanks: RegExp): string[] {
  const tabbed = text.split('\t');
  if (tabbed.length !== fields) return (blanks.exec(text.trim()) ?? []).slice(1);
  const [query = '', , document = '', ...rest] = tabbed;
  return [query, document, ...rest.map((field) => field.trim())];
}

function malformed(layout: string, where: string, text: string): Fault {
  return new Fault(
    `Expected "${layout}" for ${where}, got ${JSON.stringify(text.slice(0, 80))}. Correct or delete that line.`,
  );
}

/** A function that throws a Fault when it is given a document for the second time for one query. */
function onlyOnce(): (query: string, document: string, where: string) => void {
  const seen = new Map<string, Set<string>>();
  return (query, document, where) => {
    const documents = seen.get(query) ?? new Set();
    if (documents.has(document)) {
      const got = `${JSON.stringify(document)} a second time`;
      throw new Fault(`Expected each document once per query for ${where}, got ${got}. Delete one line.`);
    }
    seen.set(query, documents.add(document));
  };
}

function listOf<T>(lists: Map<string, T[]>, key: string): T[] {
  let list = lists.get(key);
  if (!list) {
    list = [];
    lists.set(key, list);
  }
  return list;
}

/** Whether a document ranked below another has the larger score. */
function contradict(ranks: readonly number[], ranked: Ranked): boolean {
  const order = [...ranks.keys()].sort((a, b) => ranks[a]! - ranks[b]! || ranked[b]!.score - ranked[a]!.score);
  return order.some(
    (at, i) => i > 0 && ranks[order[i - 1]!]! < ranks[at]! && ranked[order[i - 1]!]!.score < ranked[at]!.score,
  );
}

function writable(id: string, path: string): string {
  if (id.trim() !== id || id === '' || /[\t\r\n]/.test(id)) {
    throw new Fault(
      `Expected ids without tabs, line breaks or outer blanks for ${path}, got ${JSON.stringify(id)}. Rename it.`,
    );
  }
  return id;
}

function* lines<T>(path: string, byQuery: ReadonlyMap<string, T>, rows: (value: T) => unknown[][]): Generator<string> {
  for (const [query, value] of byQuery) {
    if (query.startsWith('#')) {
      throw new Fault(
        `Expected query ids that do not start a comment for ${path}, got ${JSON.stringify(query)}. Rename it.`,
      );
    }
    const start = writable(query, path);
    yield rows(value)
      .map((row) => `${start}\t${row.join('\t')}\n`)
      .join('');
  }
}
