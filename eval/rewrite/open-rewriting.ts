import { basename, extname } from 'node:path';
import { readJsonl } from '../../data/jsonl.js';
import { brightRewriteOf, type Preset, presetsOf } from '../../data/presets/presets.js';
import { readBrightRewrites } from '../../data/presets/read-preset.js';
import { allEnded } from '../../endpoint/all-ended.js';
import { ask } from '../../endpoint/chat.js';
import { Endpoint } from '../../endpoint/endpoint.js';
import { Fault } from '../../plan/fault.js';
import { readRewriter } from '../../plan/rewriter.js';
import { Prompt } from '../../retrieval/prompt.js';
import { queryFields } from '../query-texts.js';
import type { Query } from '../system.js';
import type { Rewriting } from './rewriting.js';

const fieldPrefix = 'field:';

/**
 * What the user named: `field:NAME`, a field of the set's query records; `bright:gpt4_reason` and the like, which BRIGHT
 * publishes beside its own queries; a YAML file of a language model that writes; or
 * a file of rewritten queries, `{_id, text}` a line.
 *
 * @throws Fault a file that is missing or wrong
 */
export function openRewriting(named: string, onNote: (note: string) => void): Rewriting {
  if (named.startsWith(fieldPrefix)) {
    const field = named.slice(fieldPrefix.length);
    return known(field, (folder) => queryFields(folder, field), `the field ${field}`);
  }
  if (named.startsWith('bright:')) {
    const config = brightRewriteOf(named);
    return known(config, (set) => brightRewrites(set, config, onNote), named);
  }
  const name = basename(named, extname(named));
  if (/\.ya?ml$/.test(named)) return written(name, named);
  const texts = readTexts(named);
  return known(name, () => texts, named);
}

type Texts = ReadonlyMap<string, string>;

/** Wordings that are there. */
function known(name: string, textsOf: (set: string) => Texts | Promise<Texts>, where: string): Rewriting {
  return {
    name,
    rewrite: async (queries, set) => {
      const texts = await textsOf(set);
      const missing = queries.filter(({ id }) => !texts.get(id)?.trim());
      if (missing.length > 0) {
        throw new Fault(
          `Expected another wording for each of ${queries.length} queries in ${where}, got none for ${missing.length}, ` +
            `such as ${JSON.stringify(missing[0]?.id)}. Add them.`,
        );
      }
      return { queries: queries.map((query) => worded(query, texts.get(query.id) as string)), by: name, tokens: null };
    },
  };
}

async function brightRewrites(set: string, config: string, onNote: (note: string) => void): Promise<Texts> {
  if (/^bright(-long)?:/.test(set)) return readBrightRewrites(presetsOf(set)[0] as Preset, config, onNote);
  throw new Fault(
    `Expected a task of BRIGHT for --rewrite bright:${config}, got ${set}. Name sets such as bright:biology.`,
  );
}

function readTexts(file: string): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  for (const { line, value } of readJsonl(file)) {
    const { _id: id, text } = (value ?? {}) as { _id?: unknown; text?: unknown };
    if (typeof id !== 'string' || typeof text !== 'string') {
      throw new Fault(`Expected an object with _id and text for ${file}:${line}, got another. Correct that line.`);
    }
    texts.set(id, text);
  }
  return texts;
}

/** Wordings by a language model. */
function written(name: string, file: string): Rewriting {
  const plan = readRewriter(file);
  const prompt = new Prompt(plan.prompt, ['query']);
  return {
    name,
    rewrite: async (queries, _folder, onProgress) => {
      const endpoint = new Endpoint(plan.endpoint);
      let [done, input, output] = [0, 0, 0];
      const rewritten = await allEnded(
        queries.map(async (query) => {
          const answer = await ask(endpoint, { text: prompt.fill({ query: query.text }), longest: plan.longest });
          input += answer.tokens?.input ?? 0;
          output += answer.tokens?.output ?? 0;
          onProgress(++done, queries.length);
          const text = answer.text.trim();
          // Nothing was written: the query stands as it was.
          if (text === '') return query;
          return worded(query, plan.keep_original ? `${query.text}\n${text}` : text);
        }),
      );
      return { queries: rewritten, by: name, tokens: { input, output } };
    },
  };
}

function worded(query: Query, text: string): Query {
  return { ...query, text: text.trim() };
}
