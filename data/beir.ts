import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { Fault } from '../plan/fault.js';
import type { Qrels } from '../retrieval/ranking.js';
import { FaultLog } from './fault-log.js';
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
  /** Of those queries; documents that the corpus lacks are among them, as trec_eval has it. */
  readonly qrels: Qrels;
  /** Ids that the judgements name and the files lack, each once: such documents are never found, such queries not asked. */
  readonly lacking: { readonly documents: readonly string[]; readonly queries: readonly string[] };
};

/** A query and a document that answers it: places in `collection.queries` and `collection.corpus`. */
export type TrainingPair = { readonly query: number; readonly positive: number };

const layout = 'corpus.jsonl, queries.jsonl (either may end in .gz) and qrels/<split>.tsv';

/** Whether a folder is meant as a collection in BEIR layout, whole or not. */
export function isCollection(folder: string): boolean {
  return ['corpus.jsonl', 'corpus.jsonl.gz', 'queries.jsonl', 'queries.jsonl.gz', 'qrels'].some((name) =>
    existsSync(join(folder, name)),
  );
}

/**
 * Reads a folder in BEIR layout: `corpus.jsonl` {_id, title?, text}, `queries.jsonl` {_id, text, excluded_ids?} (both
 * may be gzip), `qrels/<split>.tsv` (a header line, then query id, document id and grade between tabs). A document's
 * text is its title, a blank, and its text, trimmed.
 *
 * @throws Fault a missing folder, file or split; a malformed line, a repeated id, an empty query or document, a
 *   judgement twice, each with file and line. Judgements of unknown ids are told in `lacking`.
 */
export function readCollection(folder: string, split: string): Collection {
  return read(folder, split, new FaultLog('stop'), 'tell').collection;
}

/**
 * A collection, and its (query, positive) pairs: the split's judgements with a grade above 0, in file order.
 *
 * @throws Fault as {@link readCollection}, for a split without such a judgement, and, where `faults` stops, for a judgement
 *   of an unknown id.
 */
export function readTrainingPairs(
  folder: string,
  split: string,
  faults = new FaultLog('stop'),
): { collection: Collection; pairs: TrainingPair[] } {
  const { collection, judgements, documents } = read(folder, split, faults, 'report');
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

function read(folder: string, split: string, faults: FaultLog, unknownIds: 'tell' | 'report') {
  const qrelsPath = findSplit(folder, split);
  const corpusPath = findFile(folder, 'corpus');
  const queriesPath = findFile(folder, 'queries');
  const { corpus, places: documents } = readCorpus(corpusPath, faults);
  const known = readQueries(queriesPath, faults);

  const judgements: Judgement[] = [];
  const queries = new Map<string, Query>();
  const qrels = new Map<string, Map<string, number>>();
  const lacking = { documents: new Set<string>(), queries: new Set<string>() };
  for (const { where, ...judgement } of readJudgements(qrelsPath, faults)) {
    const { query: id, document, grade } = judgement;
    const query = known.get(id);
    if (query === undefined) {
      if (unknownIds === 'report') faults.report('unknown id', unknown('query', queriesPath, where, id));
      lacking.queries.add(id);
      continue;
    }
    if (!documents.has(document)) {
      lacking.documents.add(document);
      if (unknownIds === 'report') {
        faults.report('unknown id', unknown('document', corpusPath, where, document));
        continue;
      }
    }
    const grades = qrels.get(id) ?? new Map<string, number>();
    if (grades.has(document)) {
      const got = `${shown(document)} for query ${shown(id)} again`;
      faults.report('repeated id', `Expected each judgement once for ${where}, got ${got}. Delete one of the lines.`);
      continue;
    }
    qrels.set(id, grades.set(document, grade));
    queries.set(id, query);
    judgements.push(judgement);
  }
  if (judgements.length === 0) {
    const { size } = lacking.queries;
    const got = size === 0 ? 'none' : `${size} of queries that ${basename(queriesPath)} lacks`;
    throw new Fault(`Expected judgements for ${qrelsPath}, got ${got}. Add lines below its header.`);
  }
  const name = basename(resolve(folder));
  const collection: Collection = {
    name,
    corpus,
    queries: [...queries.values()],
    qrels,
    lacking: { documents: [...lacking.documents], queries: [...lacking.queries] },
  };
  return { collection, judgements, documents };
}

function unknown(what: string, path: string, where: string, id: string): string {
  return `Expected a ${what} of ${basename(path)} for ${where}, got ${shown(id)}. Add it there or delete the line.`;
}

/**
 * The documents of a folder in BEIR layout, or of a file such as its corpus.jsonl, and what they are called: the folder's
 * or the file's own name.
 *
 * @throws Fault as {@link readCollection}
 */
export function readDocuments(path: string): Corpus & Pick<Collection, 'name'> {
  const file = isFolder(path) ? findFile(path, 'corpus') : path;
  const name = basename(resolve(path)).replace(/\.jsonl(\.(gz|zst))?$/, '');
  return { name, ...readCorpus(file, new FaultLog('stop')).corpus };
}

function readCorpus(path: string, faults: FaultLog): { corpus: Corpus; places: Map<string, number> } {
  const ids: string[] = [];
  const texts: string[] = [];
  const places = new Map<string, number>();
  for (const { id, record, where } of readRecords(path, faults)) {
    const title = record.title === undefined || record.title === null ? '' : stringOf(record, 'title', where, faults);
    const body = stringOf(record, 'text', where, faults);
    if (title === null || body === null) continue;
    const text = `${title} ${body}`.trim();
    if (text === '') {
      faults.report('empty text', empty('document', where, id));
      continue;
    }
    places.set(id, ids.length);
    ids.push(id);
    texts.push(text);
  }
  if (ids.length === 0) throw new Fault(`Expected documents for ${path}, got none. Write one JSON object a line.`);
  return { corpus: { ids, texts }, places };
}

function readQueries(path: string, faults: FaultLog): Map<string, Query> {
  const queries = new Map<string, Query>();
  for (const { id, record, where } of readRecords(path, faults)) {
    const text = stringOf(record, 'text', where, faults)?.trim();
    const excluded = excludedOf(record, where, faults);
    if (text === undefined || excluded === null) continue;
    if (text === '') faults.report('empty text', empty('query', where, id));
    else queries.set(id, { id, text, excluded });
  }
  return queries;
}

function empty(what: string, where: string, id: string): string {
  return `Expected text in ${what} ${shown(id)} for ${where}, got none. Write its text or delete the line.`;
}

type JsonObject = { readonly [key: string]: unknown };

function* readRecords(
  path: string,
  faults: FaultLog,
): Generator<{ id: string; record: JsonObject; where: string }, void> {
  const seen = new Map<string, number>();
  for (const { line, value } of readJsonl(path, faults)) {
    const where = `${path}:${line}`;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      faults.report(
        'wrong type',
        `Expected an object with _id and text for ${where}, got ${shown(value)}. Correct that line.`,
      );
      continue;
    }
    const record = value as JsonObject;
    const id = stringOf(record, '_id', where, faults);
    if (id === null) continue;
    if (id === '') {
      faults.report('empty text', `Expected a name in _id for ${where}, got "". Give each line an id of its own.`);
      continue;
    }
    const earlier = seen.get(id);
    if (earlier !== undefined) {
      const got = `${shown(id)}, which line ${earlier} has`;
      faults.report(
        'repeated id',
        `Expected an _id of its own for ${where}, got ${got}. Rename or delete one of them.`,
      );
      continue;
    }
    seen.set(id, line);
    yield { id, record, where };
  }
}

/** A field's text; null, and reported, where it has none. */
function stringOf(record: JsonObject, key: string, where: string, faults: FaultLog): string | null {
  const value = record[key];
  if (typeof value === 'string') return value;
  const got = value === undefined ? 'nothing' : shown(value);
  const kind = value === undefined ? 'missing column' : 'wrong type';
  faults.report(kind, `Expected a string in ${key} for ${where}, got ${got}. Write it between quotes.`);
  return null;
}

function excludedOf(record: JsonObject, where: string, faults: FaultLog): readonly string[] | null {
  const value = record.excluded_ids ?? [];
  if (Array.isArray(value) && value.every((id) => typeof id === 'string')) return value;
  const got = shown(value);
  faults.report('wrong type', `Expected a list of document ids in excluded_ids for ${where}, got ${got}. Write ["…"].`);
  return null;
}

function* readJudgements(path: string, faults: FaultLog): Generator<Judgement & { where: string }, void> {
  for (const { line, text } of readLines(path, faults)) {
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
      faults.report(
        'wrong type',
        `Expected query id, document id and grade between tabs for ${where}, got ${shown(text)}. Correct that line.`,
      );
      continue;
    }
    if (!isGrade) {
      faults.report(
        'wrong type',
        `Expected an integer grade for ${where}, got ${shown(grade)}. Write 0 for not relevant, 1 or more for relevant.`,
      );
      continue;
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
