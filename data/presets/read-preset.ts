import { existsSync } from 'node:fs';
import { z } from 'zod';
import type { PlacePlan } from '../../plan/data.js';
import { Fault } from '../../plan/fault.js';
import { cacheFolder } from '../../plan/places.js';
import type { Collection } from '../beir.js';
import { FaultLog } from '../fault-log.js';
import { filesOf } from '../read/dataset.js';
import { readRows } from '../read/rows.js';
import { type Preset, presetsOf } from './presets.js';

const id = z.union([z.string(), z.int()]).transform(String);
const brightDocument = z.object({ id, content: z.string() });
const brightExample = z.object({
  id,
  query: z.string(),
  excluded_ids: z.array(z.string()).default([]),
  gold_ids: z.array(z.string()).default([]),
  gold_ids_long: z.array(z.string()).default([]),
});
const beirText = z.object({ _id: id, title: z.string().nullish(), text: z.string() });
const beirJudgement = z.object({ 'query-id': id, 'corpus-id': id, score: z.number() });

/**
 * Reads a preset: from a copy in {@link presetFolder} where there is one, else from the hub at its pinned commit. By its
 * authors' protocol: BRIGHT drops a query's `excluded_ids`, BEIR a document that has the query's own id.
 *
 * @throws Fault where it cannot be had, with the files that are needed and where to put them; records of another form
 */
export async function readPreset(preset: Preset, say: (line: string) => void): Promise<Collection> {
  const whole = placeOf(preset);
  const rows = <T extends z.ZodType>(config: string, split: string, schema: T) =>
    records({ ...whole, config, split }, schema, preset, say);
  return preset.layout === 'beir' ? readBeir(preset, rows) : readBright(preset, rows);
}

/**
 * Reads BRIGHT's own rewrites of a task's queries, by id; from where {@link readPreset} reads.
 *
 * @param config such as `gpt4_reason`
 * @throws Fault as {@link readPreset}
 */
export async function readBrightRewrites(
  preset: Preset,
  config: string,
  say: (line: string) => void,
): Promise<Map<string, string>> {
  const rewritten = new Map<string, string>();
  const schema = brightExample.pick({ id: true, query: true });
  const place = { ...placeOf(preset), config, split: preset.part };
  for await (const one of records(place, schema, preset, say)) rewritten.set(one.id, one.query);
  return rewritten;
}

function placeOf(preset: Preset): PlacePlan {
  const folder = presetFolder(preset);
  return existsSync(folder) ? { path: folder } : { hub: preset.hub, revision: preset.revision };
}

/** Where a copy of a preset's data set is looked for. */
export function presetFolder({ hub }: Preset): string {
  return cacheFolder('presets', ...hub.split('/'));
}

type Rows = <T extends z.ZodType>(config: string, split: string, schema: T) => AsyncGenerator<z.output<T>, void>;

/** BRIGHT's word for "there are none". */
const none = 'N/A';

async function readBright(preset: Preset, rows: Rows): Promise<Collection> {
  const long = preset.layout === 'bright-long';
  const documents = new Map<string, string>();
  const config = long ? 'long_documents' : 'documents';
  for await (const one of rows(config, preset.part, brightDocument)) documents.set(one.id, one.content);
  const queries: Collection['queries'][number][] = [];
  const qrels = new Map<string, Map<string, number>>();
  for await (const one of rows('examples', preset.part, brightExample)) {
    const excluded = one.excluded_ids.filter((excludedId) => excludedId !== none);
    const gold = (long ? one.gold_ids_long : one.gold_ids).filter((goldId) => goldId !== none);
    if (gold.length === 0) continue;
    queries.push({ id: one.id, text: one.query, excluded });
    qrels.set(one.id, new Map(gold.map((goldId) => [goldId, 1])));
  }
  return collectionOf(preset, documents, queries, qrels, new Set());
}

async function readBeir(preset: Preset, rows: Rows): Promise<Collection> {
  const documents = new Map<string, string>();
  for await (const one of rows('corpus', 'corpus', beirText)) {
    documents.set(one._id, `${one.title ?? ''} ${one.text}`.trim());
  }
  const qrels = new Map<string, Map<string, number>>();
  for await (const one of rows('default', preset.part, beirJudgement)) {
    const grades = qrels.get(one['query-id']) ?? new Map<string, number>();
    qrels.set(one['query-id'], grades.set(one['corpus-id'], one.score));
  }
  const queries: Collection['queries'][number][] = [];
  for await (const one of rows('queries', 'queries', beirText)) {
    if (qrels.has(one._id)) queries.push({ id: one._id, text: one.text, excluded: [one._id] });
  }
  const known = new Set(queries.map((query) => query.id));
  const unknown = new Set([...qrels.keys()].filter((query) => !known.has(query)));
  for (const query of unknown) qrels.delete(query);
  return collectionOf(preset, documents, queries, qrels, unknown);
}

function collectionOf(
  { name, part, hub }: Preset,
  documents: ReadonlyMap<string, string>,
  queries: Collection['queries'],
  qrels: ReadonlyMap<string, ReadonlyMap<string, number>>,
  unknown: ReadonlySet<string>,
): Collection {
  if (documents.size === 0 || queries.length === 0) {
    const what = documents.size === 0 ? 'documents' : 'judged queries';
    throw new Fault(`Expected ${what} for ${part} in ${hub}, got none. Fetch the data set again.`);
  }
  const judged = [...qrels.values()].flatMap((grades) => [...grades.keys()]);
  const lacking = { documents: [...new Set(judged.filter((one) => !documents.has(one)))], queries: [...unknown] };
  return { name, corpus: { ids: [...documents.keys()], texts: [...documents.values()] }, queries, qrels, lacking };
}

async function* records<T extends z.ZodType>(
  place: PlacePlan,
  schema: T,
  preset: Preset,
  say: (line: string) => void,
): AsyncGenerator<z.output<T>, void> {
  for await (const file of located(place, preset, say)) {
    for await (const { where, value } of readRows(file, new FaultLog('stop'))) {
      const checked = schema.safeParse(value);
      if (!checked.success) {
        const at = checked.error.issues[0]?.path.join('.') || 'the record';
        throw new Fault(`Expected a record of ${preset.name} for ${where}, got another form at ${at}. Check the copy.`);
      }
      yield checked.data;
    }
  }
}

/** The files of a part; where they cannot be had, which to put where. */
async function* located(place: PlacePlan, preset: Preset, say: (line: string) => void): AsyncGenerator<string, void> {
  try {
    yield* filesOf(place, say);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    const parquet = (config: string): string => `${config}/${preset.part}-*.parquet`;
    const needed = {
      bright: [parquet('documents'), parquet('examples')],
      'bright-long': [parquet('long_documents'), parquet('examples')],
      beir: ['corpus.jsonl', 'queries.jsonl', `qrels/${preset.part}.jsonl`],
    }[preset.layout];
    const { config } = place;
    if (preset.layout !== 'beir' && config?.endsWith('_reason')) needed.push(parquet(config));
    throw new Fault(
      `${error.message} Or put README.md, ${needed.join(' and ')} of ${preset.hub} (commit ${preset.revision}) ` +
        `into ${presetFolder(preset)}, as they lie there${siblings(preset)}.`,
    );
  }
}

/** Where a set comes in several data sets: that the others are needed, too. */
function siblings({ name, hub }: Preset): string {
  const forums = presetsOf('beir:cqadupstack');
  if (!forums.some((forum) => forum.name === name)) return '';
  const others = forums.filter((forum) => forum.hub !== hub).map((forum) => forum.hub);
  return `; for the whole of beir:cqadupstack likewise those of ${others.join(', ')}`;
}
