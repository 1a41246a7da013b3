import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { Fault } from '../plan/fault.js';
import type { Qrels } from '../retrieval/ranking.js';
import { readJsonl, readLines, shown } from './jsonl.js';

/** A query with its text, and the ids of documents to drop before scoring (its own source, for example). */
type Query = { readonly id: string; readonly text: string; readonly excluded: readonly string[] };

/** Documents, ids and texts side by side. */
type Corpus = { readonly ids: readonly string[]; readonly texts: readonly string[] };

/** A retrieval collection read for one split. */
export type Collection = {
  /** The folder's own name. */
  readonly name: string;
  readonly corpus: Corpus;
  /** Those judged in the split, in the order in which its file first names them. */
  readonly queries: readonly Query[];
  readonly qrels: Qrels;
};

/** A query and a document that answers it: places in `collection.queries` and `collection.corpus`. */
export type TrainingPair = { readonly query: number; readonly positive: number };

const layout = 'corpus.jsonl, queries.jsonl (either may end in .gz) and qrels/<split>.tsv';

/**
 * Reads a folder in BEIR layout: `corpus.jsonl` {_id, title?, text}, `queries.jsonl` {_id, text, excluded_ids?} (both
 * may be gzip), `qrels/<split>.tsv` (a header line, then query id, document id and grade between tabs). A document's
 * text is its title, a blank, and its text, trimmed.
 *
 * @throws Fault a missing folder, file or split; a malformed line, a repeated id, an empty query or document, a
 *   judgement of an unknown query or document, each with file and line.
 */
export function readCollection(folder: string, split: string): Collection {
  return read(folder, split).collection;
}

/**
 * A collection, and its (query, positive) pairs: the split's judgements with a grade above 0, in file order.
 *
 * @throws Fault as {@link readCollection}, and for a split without such a judgement.
 */
export function readTrainingPairs(folder: string, split: string): { collection: Collection; pairs: TrainingPair[] } {
  const { collection, judgements, documents } = read(folder, split);
  const places = new Map(collection.queries.map(({ id }, place) => [id, place]));
  const pairs = judgements
    .filter(({ grade }) => grade > 0)
    .map(({ query, document }) => ({ query: places.get(query)!, positive: documents.get(document)! }));
  if (pairs.length === 0) {
    const path = join(folder, 'qrels', `${split}.tsv`);
    throw new Fault(`Expected a judgement with a grade above 0 for ${path}, got none. Choose another split.`);
  }
  return { collection, pairs };
}

type Judgement = { readonly query: string; readonly document: string; readonly grade: number };

function read(folder: string, split: string) {
  const qrelsPath = findSplit(folder, split);
  const corpusPath = findFile(folder, 'corpus');
  const queriesPath = findFile(folder, 'queries');
  const { corpus, places: documents } = readCorpus(corpusPath);
  const known = readQueries(queriesPath);

  const judgements: Judgement[] = [];
  const queries = new Map<string, Query>();
  const qrels = new Map<string, Map<string, number>>();
  for (const { where, ...judgement } of readJudgements(qrelsPath)) {
    const { query: id, document, grade } = judgement;
    const query = known.get(id);
    if (query === undefined) throw unknown('query', queriesPath, where, id);
    if (!documents.has(document)) throw unknown('document', corpusPath, where, document);
    const grades = qrels.get(id) ?? new Map<string, number>();
    if (grades.has(document)) {
      const got = `${shown(document)} for query ${shown(id)} again`;
      throw new Fault(`Expected each judgement once for ${where}, got ${got}. Delete one of the lines.`);
    }
    qrels.set(id, grades.set(document, grade));
    queries.set(id, query);
    judgements.push(judgement);
  }
  if (judgements.length === 0) {
    throw new Fault(`Expected judgements for ${qrelsPath}, got none. Add lines below its header.`);
  }
  const name = basename(resolve(folder));
  const collection: Collection = { name, corpus, queries: [...queries.values()], qrels };
  return { collection, judgements, documents };
}

function unknown(what: string, path: string, where: string, id: string): Fault {
  return new Fault(
    `Expected a ${what} of ${basename(path)} for ${where}, got ${shown(id)}. Add it there or delete the line.`,
  );
}

function readCorpus(path: string): { corpus: Corpus; places: Map<string, number> } {
  const ids: string[] = [];
  const texts: string[] = [];
  const places = new Map<string, number>();
  for (const { id, record, where } of readRecords(path)) {
    const title = record.title === undefined || record.title === null ? '' : stringOf(record, 'title', where);
    const text = `${title} ${stringOf(record, 'text', where)}`.trim();
    if (text === '') throw empty('document', where, id);
    places.set(id, ids.length);
    ids.push(id);
    texts.push(text);
  }
  if (ids.length === 0) throw new Fault(`Expected documents for ${path}, got none. Write one JSON object a line.`);
  return { corpus: { ids, texts }, places };
}

function readQueries(path: string): Map<string, Query> {
  const queries = new Map<string, Query>();
  for (const { id, record, where } of readRecords(path)) {
    const text = stringOf(record, 'text', where).trim();
    if (text === '') throw empty('query', where, id);
    queries.set(id, { id, text, excluded: excludedOf(record, where) });
  }
  return queries;
}

function empty(what: string, where: string, id: string): Fault {
  return new Fault(`Expected text in ${what} ${shown(id)} for ${where}, got none. Write its text or delete the line.`);
}

type JsonObject = { readonly [key: string]: unknown };

function* readRecords(path: string): Generator<{ id: string; record: JsonObject; where: string }, void> {
  const seen = new Map<string, number>();
  for (const { line, value } of readJsonl(path)) {
    const where = `${path}:${line}`;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new Fault(`Expected an object with _id and text for ${where}, got ${shown(value)}. Correct that line.`);
    }
    const record = value as JsonObject;
    const id = stringOf(record, '_id', where);
    if (id === '') throw new Fault(`Expected a name in _id for ${where}, got "". Give each line an id of its own.`);
    const earlier = seen.get(id);
    if (earlier !== undefined) {
      const got = `${shown(id)}, which line ${earlier} has`;
      throw new Fault(`Expected an _id of its own for ${where}, got ${got}. Rename or delete one of them.`);
    }
    seen.set(id, line);
    yield { id, record, where };
  }
}

function stringOf(record: JsonObject, key: string, where: string): string {
  const value = record[key];
  if (typeof value === 'string') return value;
  const got = value === undefined ? 'nothing' : shown(value);
  throw new Fault(`Expected a string in ${key} for ${where}, got ${got}. Write it between quotes.`);
}

function excludedOf(record: JsonObject, where: string): readonly string[] {
  const value = record.excluded_ids ?? [];
  if (Array.isArray(value) && value.every((id) => typeof id === 'string')) return value;
  throw new Fault(`Expected a list of document ids in excluded_ids for ${where}, got ${shown(value)}. Write ["…"].`);
}

function* readJudgements(path: string): Generator<Judgement & { where: string }, void> {
  for (const { line, text } of readLines(path)) {
    const where = `${path}:${line}`;
    const [query = '', document = '', grade = '', ...more] = text.split('\t');
    const isGrade = /^-?\d{1,9}$/.test(grade);
    if (line === 1) {
      if (query !== '' && document !== '' && grade !== '' && !isGrade && more.length === 0) continue;
      const header = '"query-id<tab>corpus-id<tab>score"';
      throw new Fault(`Expected the header ${header} for ${where}, got ${shown(text)}. Add that line at the top.`);
    }
    if (text.trim() === '') continue;
    if (query === '' || document === '' || grade === '' || more.length > 0) {
      throw new Fault(
        `Expected query id, document id and grade between tabs for ${where}, got ${shown(text)}. Correct that line.`,
      );
    }
    if (!isGrade) {
      throw new Fault(
        `Expected an integer grade for ${where}, got ${shown(grade)}. Write 0 for not relevant, 1 or more for relevant.`,
      );
    }
    yield { query, document, grade: Number(grade), where };
  }
}

function findFile(folder: string, name: string): string {
  const plain = join(folder, `${name}.jsonl`);
  if (existsSync(plain)) return plain;
  if (existsSync(`${plain}.gz`)) return `${plain}.gz`;
  throw new Fault(`Expected a folder with ${layout} for ${folder}, got no ${name}.jsonl. Add the file.`);
}

function findSplit(folder: string, split: string): string {
  if (!isFolder(folder)) {
    throw new Fault(`Expected a folder with ${layout} for ${folder}, got no folder. Check the path.`);
  }
  const path = join(folder, 'qrels', `${split}.tsv`);
  if (existsSync(path)) return path;
  const splits = isFolder(join(folder, 'qrels'))
    ? readdirSync(join(folder, 'qrels'))
        .filter((file) => file.endsWith('.tsv'))
        .sort()
    : [];
  if (splits.length === 0) {
    throw new Fault(`Expected a folder with ${layout} for ${folder}, got no qrels/*.tsv. Add the file.`);
  }
  const names = splits.map((file) => file.slice(0, -'.tsv'.length)).join(', ');
  throw new Fault(`Expected a split for ${join(folder, 'qrels')}, got ${shown(split)}. Choose one of: ${names}.`);
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
