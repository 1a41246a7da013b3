import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { MiningPlan } from '../../plan/data.js';
import { Fault } from '../../plan/fault.js';
import { readJsonl } from '../jsonl.js';
import type { Source } from '../pairs.js';
import type { Judge } from './relabel.js';

/** How negatives were mined: a file's first line. */
export interface MinedHeader {
  readonly mined: 1;
  readonly source: string;
  /** SHA-256 (half) of the source's queries, documents and what is barred: what the file is for. */
  readonly corpus: string;
  /** What ranked, and a model's weights by their SHA-256. */
  readonly by: readonly { readonly name: string; readonly weights: string | null }[];
  /** What relabelled. */
  readonly judges?: readonly Judge[];
  readonly settings: Omit<MiningPlan, 'by' | 'folder' | 'every'>;
}

/** One query's negatives, best first, as document ids, and how many candidates each guard left out. */
export interface MinedLine {
  readonly query: number;
  readonly negatives: readonly string[];
  /** Candidates that a guard moved to the positives. */
  readonly positives?: readonly string[];
  /** Judgements that a guard was asked for and could not give. */
  readonly unjudged?: number;
  readonly left_out: Readonly<Record<string, number>>;
}

const header = z.object({
  mined: z.literal(1),
  corpus: z.string(),
  by: z.array(z.object({ name: z.string() })),
  settings: z.record(z.string(), z.unknown()),
});
const line = z.object({
  query: z.int().nonnegative(),
  negatives: z.array(z.string()),
  positives: z.array(z.string()).default([]),
});

/** What was mined for each query, as places of documents. */
export interface MinedPlaces {
  readonly negatives: readonly number[];
  /** Right answers that were found among the candidates. */
  readonly positives: readonly number[];
}

export function minedFile({ folder }: MiningPlan, source: string): string {
  return join(folder, `${source}.jsonl`);
}

export function settingsOf({
  by: _by,
  folder: _folder,
  every: _every,
  ...settings
}: MiningPlan): MinedHeader['settings'] {
  return settings;
}

/** A source's contents as a hash: other texts, other judgements, another hash. */
export function corpusHash({ queries, instructions, documents, ids, barred }: Source): string {
  const sum = createHash('sha256');
  const add = (text: string): void => void sum.update(`${text.length}:`).update(text);
  queries.forEach((text, i) => {
    add(instructions[i]!);
    add(text);
    for (const id of barred[i] ?? []) add(id);
  });
  documents.forEach((text, i) => {
    add(ids[i]!);
    add(text);
  });
  return sum.digest('hex').slice(0, 32);
}

/**
 * Reads what was mined for a source, query by query.
 * @throws Fault a file that is missing, was mined for other data or in another way than the plan says, or is not whole
 */
export function readMined(source: Source, plan: MiningPlan): MinedPlaces[] {
  const path = minedFile(plan, source.name);
  const again = 'Run `reasontune data mine` with this plan.';
  if (!existsSync(path))
    throw new Fault(`Expected mined negatives for source ${source.name} at ${path}, got none. ${again}`);
  const [first, ...rest] = readJsonl(path);
  const head = header.safeParse(first?.value);
  if (!head.success) {
    throw new Fault(`Expected a file that \`data mine\` wrote at ${path}, got another. ${again}`);
  }
  if (head.data.corpus !== corpusHash(source)) {
    throw new Fault(
      `Expected negatives mined for source ${source.name} as it is now at ${path}, got some for other queries or documents. ${again}`,
    );
  }
  const how = (by: readonly string[], settings: object): string => JSON.stringify([by, settings]);
  const got = how(
    head.data.by.map(({ name }) => name),
    head.data.settings,
  );
  if (got !== how(plan.by, settingsOf(plan))) {
    throw new Fault(`Expected negatives mined as data.mining says at ${path}, got others: ${got}. ${again}`);
  }
  const places = new Map(source.ids.map((id, place) => [id, place]));
  const mined: (MinedPlaces | undefined)[] = source.queries.map(() => undefined);
  for (const { line: number, value } of rest) {
    const read = line.safeParse(value);
    const placesOf = (listed: readonly string[] = []) => listed.map((id) => places.get(id));
    const found = { negatives: placesOf(read.data?.negatives), positives: placesOf(read.data?.positives) };
    const unknown = [...found.negatives, ...found.positives].includes(undefined);
    if (!read.success || unknown || read.data.query >= mined.length) {
      throw new Fault(
        `Expected {"query", "negatives"} of this source for ${path}:${number}, got another line. ${again}`,
      );
    }
    mined[read.data.query] = found as MinedPlaces;
  }
  const missing = mined.findIndex((found) => !found);
  if (missing >= 0)
    throw new Fault(`Expected a line for each query in ${path}, got none for query ${missing}. ${again}`);
  return mined as MinedPlaces[];
}

/** The lines of a file that was begun with the same first line, and so need not be made again. */
export function linesBegun(path: string, head: MinedHeader): string[] {
  if (!existsSync(path)) return [];
  const [first, ...lines] = readFileSync(path, 'utf8').split('\n');
  // What follows the last line break was cut off.
  return first === JSON.stringify(head) ? lines.slice(0, -1) : [];
}
