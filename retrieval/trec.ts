import { closeSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { Fault, reasonOf } from '../plan/fault.js';
import { compareRanked, type Qrels, type Ranked, type Run } from './ranking.js';

// Run lines are `query Q0 document rank score tag`, judgements `query 0 document grade`, cut at tabs or else at blanks.
// Cut at blanks a document id may itself hold blanks (published runs have such), since the fields around it may not.
const runLine = /^(\S+)\s+\S+\s+(\S.*?)\s+-?\d+\s+(\S+)\s+\S+$/;
const qrelsLine = /^(\S+)\s+\S+\s+(\S.*?)\s+(\S+)$/;
const number = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/**
 * Reads a TREC run. The rank column is ignored, as trec_eval does: documents are ordered by score.
 *
 * @throws Fault a missing file, a malformed line, or a document listed twice for a query.
 */
export function readRun(path: string): Run {
  const run = new Map<string, { id: string; score: number }[]>();
  readRecords(path, 'query Q0 document rank score tag', (text, repeated) => {
    const record = cut(text, 6, runLine);
    if (record === undefined || !number.test(record.value)) return false;
    const score = Number(record.value);
    if (!Number.isFinite(score)) return false;
    repeated(record);
    const ranked = run.get(record.query);
    if (ranked) ranked.push({ id: record.document, score });
    else run.set(record.query, [{ id: record.document, score }]);
    return true;
  });
  for (const ranked of run.values()) ranked.sort(compareRanked);
  return run;
}

/**
 * Reads TREC judgements.
 *
 * @throws Fault a missing file, a malformed line, or a document judged twice for a query.
 */
export function readQrels(path: string): Qrels {
  const qrels = new Map<string, Map<string, number>>();
  readRecords(path, 'query 0 document grade', (text, repeated) => {
    const record = cut(text, 4, qrelsLine);
    if (record === undefined || !/^[+-]?\d{1,9}$/.test(record.value)) return false;
    repeated(record);
    const grades = qrels.get(record.query);
    if (grades) grades.set(record.document, Number(record.value));
    else qrels.set(record.query, new Map([[record.document, Number(record.value)]]));
    return true;
  });
  return qrels;
}

/**
 * Writes a run, whole or not at all; scores in full, so that reading gives them back.
 *
 * @param tag the run's name, one word
 * @throws Fault an id that the format cannot hold, or a file that cannot be written.
 */
export function writeRun(path: string, run: Run, tag: string): void {
  writeParts(path, run, (query: string, ranked: Ranked) =>
    ranked.map(({ id, score }, i) => [query, 'Q0', writable(id, path), i + 1, score, writable(tag, path)]),
  );
}

/** Writes judgements, whole or not at all. @throws Fault as {@link writeRun}. */
export function writeQrels(path: string, qrels: Qrels): void {
  writeParts(path, qrels, (query, grades: ReadonlyMap<string, number>) =>
    Array.from(grades, ([id, grade]) => [query, '0', writable(id, path), grade]),
  );
}

type Record = { readonly query: string; readonly document: string; readonly value: string };

/** Query, document, and the score or grade, which is the fourth of four fields or the fifth of six. */
function cut(text: string, fields: 4 | 6, blanks: RegExp): Record | undefined {
  const tabbed = text.split('\t');
  if (tabbed.length === fields) {
    const [query = '', , document = '', fourth = '', fifth = ''] = tabbed;
    const value = (fields === 4 ? fourth : fifth).trim();
    return query === '' || document === '' ? undefined : { query, document, value };
  }
  const [, query, document, value] = blanks.exec(text.trim()) ?? [];
  return query === undefined || document === undefined || value === undefined ? undefined : { query, document, value };
}

/** Calls `take` with each line that is neither blank nor a `#` comment; `take` returns false for a malformed one. */
function readRecords(
  path: string,
  layout: string,
  take: (text: string, repeated: (record: Record) => void) => boolean,
): void {
  const seen = new Map<string, Set<string>>();
  for (const [i, line] of readText(path).split('\n').entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const repeated = ({ query, document }: Record) => {
      const documents = seen.get(query) ?? new Set();
      if (documents.has(document)) {
        const got = `${JSON.stringify(document)} a second time`;
        throw new Fault(`Expected each document once per query for ${path}:${i + 1}, got ${got}. Delete one line.`);
      }
      seen.set(query, documents.add(document));
    };
    if (!take(line.replace(/\r$/, ''), repeated)) {
      const got = JSON.stringify(line.slice(0, 80));
      throw new Fault(`Expected "${layout}" for ${path}:${i + 1}, got ${got}. Correct or delete that line.`);
    }
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8').replace(/^\uFEFF/, '');
  } catch (error) {
    throw new Fault(`Expected a readable file for ${path}, got ${reasonOf(error)}. Check the path.`);
  }
}

function writable(id: string, path: string): string {
  if (id.trim() !== id || id === '' || /[\t\r\n]/.test(id)) {
    throw new Fault(
      `Expected ids without tabs, line breaks or outer blanks for ${path}, got ${JSON.stringify(id)}. Rename it.`,
    );
  }
  return id;
}

function writeParts<T>(
  path: string,
  byQuery: ReadonlyMap<string, T>,
  rows: (query: string, value: T) => unknown[][],
): void {
  const part = `${path}.part`;
  try {
    const file = openSync(part, 'w');
    try {
      for (const [query, value] of byQuery) {
        if (query.startsWith('#')) {
          throw new Fault(
            `Expected query ids that do not start a comment for ${path}, got ${JSON.stringify(query)}. Rename it.`,
          );
        }
        const lines = rows(writable(query, path), value).map((row) => `${row.join('\t')}\n`);
        writeSync(file, lines.join(''));
      }
    } finally {
      closeSync(file);
    }
    renameSync(part, path);
  } catch (error) {
    rmSync(part, { force: true });
    if (error instanceof Fault) throw error;
    throw new Fault(`Expected a writable file for ${path}, got ${reasonOf(error)}. Check the folder.`);
  }
}
