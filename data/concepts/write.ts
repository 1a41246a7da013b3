import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Fault, reasonOf } from '../../plan/fault.js';
import { encoderOf } from './encoder.js';
import { type ConceptsSettings, generateConcepts } from './generate.js';
import { queryKinds } from './queries.js';

/**
 * Writes the benchmark as a collection in BEIR layout with splits `train` (one answer a query), `truth` (all answers of
 * the training queries), `test`, and `vl`, `hq` and `easy`, which are `train` by kind; one jsonl a kind of training query with
 * its negatives: `vl.jsonl`, `hq.jsonl`, `easy.jsonl`; and `encoder/`, a small one to begin from. Whole or not at all.
 * @throws Fault a folder that is there already, or cannot be written
 */
export function writeConcepts(
  folder: string,
  settings: ConceptsSettings,
): { documents: number; train: number; test: number } {
  const { documents, train, test } = generateConcepts(settings);
  const idsOf = new Map<number, string[]>();
  for (const { id, concept } of documents) idsOf.set(concept, [...(idsOf.get(concept) ?? []), id]);
  const qrels = (rows: readonly (readonly [string, string])[]): string =>
    ['query-id\tcorpus-id\tscore', ...rows.map(([q, d]) => `${q}\t${d}\t1`), ''].join('\n');
  const lines = (values: readonly object[]): string => values.map((value) => `${JSON.stringify(value)}\n`).join('');
  const allAnswers = (queries: readonly { id: string; concept: number }[]): string =>
    qrels(queries.flatMap(({ id, concept }) => idsOf.get(concept)!.map((d) => [id, d] as const)));
  const textOf = (place: number): string => documents[place]!.text;
  const files: Record<string, string> = {
    'corpus.jsonl': lines(documents.map(({ id, text }) => ({ _id: id, text }))),
    'queries.jsonl': lines([...train, ...test].map(({ id, text }) => ({ _id: id, text }))),
    'qrels/train.tsv': qrels(train.map(({ id, positive }) => [id, documents[positive]!.id])),
    'qrels/truth.tsv': allAnswers(train),
    'qrels/test.tsv': allAnswers(test),
    'settings.json': `${JSON.stringify(settings, null, 1)}\n`,
    ...encoderOf([...documents, ...train, ...test].map(({ text }) => text)),
  };
  for (const kind of queryKinds) {
    const own = train.filter((query) => query.kind === kind);
    files[`qrels/${kind}.tsv`] = qrels(own.map(({ id, positive }) => [id, documents[positive]!.id]));
    files[`${kind}.jsonl`] = lines(
      own.map(({ text, positive, negatives }) => ({
        query: text,
        pos: [textOf(positive)],
        neg: negatives.map(textOf),
      })),
    );
  }
  const unfinished = `${folder}.${process.pid}.tmp`;
  try {
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(join(unfinished, name)), { recursive: true });
      writeFileSync(join(unfinished, name), content);
    }
    renameSync(unfinished, folder);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    throw new Fault(`Expected a new folder at ${folder}, got ${reasonOf(error)}. Name one that is not there.`);
  }
  return { documents: documents.length, train: train.length, test: test.length };
}
