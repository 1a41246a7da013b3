import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { Fault, reasonOf } from '../plan/fault.js';
import { writeRun } from '../retrieval/files.js';
import type { Run } from '../retrieval/ranking.js';
import { writeInParts } from '../retrieval/text-file.js';
import { fileName } from './file-name.js';

const byName = <T extends z.ZodType>(value: T) => z.record(z.string(), value);

const marks = {
  /** Measure → mean over the judged queries. */
  metrics: byName(z.number()),
  /** Measure → query → value. */
  perQuery: byName(byName(z.number())),
};

const resultSchema = z.object({
  /** Its name in tables and files. */
  system: z.string(),
  /** What the user named: a model, a run file. */
  model: z.string(),
  set: z.string(),
  /** The set's folder, where its texts are. */
  folder: z.string().optional(),
  /** Not given where the judgements came as a file. */
  split: z.string().optional(),
  /** How many the means are over. */
  queries: z.int(),
  /** Not given where a run came as a file. */
  documents: z.int().optional(),
  ...marks,
  /** Encoding or indexing, and search; not given where a run came as a file. */
  seconds: z.number().optional(),
  /** Where its queries were put in other words: by what, and the system that was asked in the set's own. */
  rewritten: z.object({ by: z.string(), original: z.string() }).optional(),
  /** What it took; not given where a run came as a file. */
  cost: z
    .object({
      /** Where texts are embedded. */
      where: z.enum(['machine', 'endpoint']),
      /** Embedding the queries and searching, all at once. */
      queriesPerSecond: z.number(),
      /** `documents`: embedding or indexing them, now or when a kept index was made. */
      seconds: z.object({ documents: z.number(), queries: z.number(), search: z.number() }),
      indexBytes: z.number(),
      /** Of all documents; null where none are counted, as for BM25. */
      documentTokens: z.number().nullable(),
      /** In the mean, by component. */
      tokensPerQuery: z.object({
        encoder: z.number().nullable(),
        rewriterInput: z.number().nullable().optional(),
        rewriterOutput: z.number().nullable().optional(),
      }),
    })
    .optional(),
  /** Where it searched approximately: its recall against exact search on the same queries, and what both took. */
  approximate: z
    .object({
      /** Number of documents → share of exact search's best so many that it found, too. */
      recall: byName(z.number()),
      seconds: z.object({ search: z.number(), exact: z.number() }),
    })
    .optional(),
  /** The same system where it ranks only another retriever's candidates: `ceiling` and the rest are in pool.ts. */
  pool: z
    .object({
      file: z.string(),
      depth: z.int(),
      ceiling: z.number(),
      hits: z.int(),
      neverHeld: z.int(),
      cutoff: z.int(),
      ...marks,
    })
    .optional(),
});

/** How one system did on one set. */
export type Result = Readonly<z.infer<typeof resultSchema>>;

/** The same without the values of single queries, which are nearly all of it. */
const meansSchema = resultSchema.omit({ perQuery: true, pool: true });
export type Means = Readonly<z.infer<typeof meansSchema>>;

/** The set and split that a result is of. */
export function titleOf({ set, split }: Means): string {
  return split === undefined ? set : `${set}, ${split}`;
}

/** `<out>/<set>-<split>/<system>.run` (TREC) or `.run.json`, and `<system>.json`. */
export function writeResult(out: string, result: Result, run: Run, form: 'trec' | 'json' = 'trec'): void {
  const folder = join(out, fileName([result.set, result.split].filter((part) => part !== undefined).join('-')));
  const name = fileName(result.system);
  mkdirSync(folder, { recursive: true });
  writeRun(join(folder, form === 'json' ? `${name}.run.json` : `${name}.run`), run, name);
  writeInParts(join(folder, `${name}.json`), [`${JSON.stringify(result, null, 1)}\n`]);
}

/**
 * Reads what {@link writeResult} wrote: files, or every result in folders, at any depth. A system that stands there
 * twice alike is taken once; two of one name that differ are told apart by their paths.
 *
 * @throws Fault a file that is missing or no result, or a folder without one.
 */
export function readResults(paths: readonly string[]): Result[] {
  const results: Result[] = [];
  for (const file of paths.flatMap(resultFiles)) {
    const result = readResult(file);
    const same = results.find((other) => other.system === result.system && titleOf(other) === titleOf(result));
    if (same && isDeepStrictEqual(same.perQuery, result.perQuery)) continue;
    results.push(same ? { ...result, system: file } : result);
  }
  return results;
}

/** The files of results in a folder, at any depth; of a file, itself. @throws Fault a folder without one */
export function resultFiles(path: string): string[] {
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) return [path];
  const files = readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter(
      (name) =>
        name.endsWith('.json') &&
        ['.run', '.run.json'].some((form) => existsSync(join(path, `${name.slice(0, -5)}${form}`))),
    )
    .sort()
    .map((name) => join(path, name));
  if (files.length > 0) return files;
  throw new Fault(`Expected results of reasontune eval for ${path}, got none. Run eval with --out first.`);
}

/** Reads one. @throws Fault a file that is missing or no result */
export function readResult(path: string): Result {
  return readAs(resultSchema, path, (text) => text);
}

/** Reads one without what single queries came to, whose values are not looked at. @throws Fault as {@link readResult} */
export function readMeans(path: string): Means {
  return readAs(meansSchema, path, withoutQueries);
}

/** Leaves out what {@link writeResult} lays out as `perQuery`, with the comma before it: it takes long to parse. */
function withoutQueries(text: string): string {
  const from = text.indexOf(',\n "perQuery": {\n');
  const end = text.indexOf('\n }', from);
  return from < 0 || end < 0 ? text : text.slice(0, from) + text.slice(end + '\n }'.length);
}

function readAs<T>(schema: z.ZodType<T>, path: string, part: (text: string) => string): T {
  let value: unknown;
  try {
    value = JSON.parse(part(readFileSync(path, 'utf8')));
  } catch (error) {
    throw new Fault(`Expected a result of reasontune eval for ${path}, got ${reasonOf(error)}. Check the path.`);
  }
  const checked = schema.safeParse(value);
  if (checked.success) return checked.data;
  const at = checked.error.issues[0]?.path.join('.') || 'its top';
  throw new Fault(
    `Expected a result of reasontune eval for ${path}, got another form at ${at}. Name a result, or a run with --qrels.`,
  );
}
