import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { Fault } from '../plan/fault.js';
import type { ModelPlan } from '../plan/schema.js';
import { readArchitecture } from './architectures/read.js';
import { readJson } from './json.js';

/** How an encoder's hidden states become one vector a text: everything of a plan's model but its weights. */
export type EncoderSettings = Omit<ModelPlan, 'base' | 'lora' | 'freeze'>;

/** Our own file beside sentence-transformers' ones: theirs knows one length for both sides. */
export const ownSettingsFile = 'reasontune.json';

const ownSettings = z.object({ max_length: z.object({ query: z.int(), document: z.int() }) });
const modules = z.array(z.object({ type: z.string(), path: z.string() }));
const pooling = z.object({
  // sentence-transformers 6 writes one name; before, a flag for each way.
  pooling_mode: z.union([z.string(), z.array(z.string())]).optional(),
  pooling_mode_mean_tokens: z.boolean().default(false),
  pooling_mode_cls_token: z.boolean().default(false),
  pooling_mode_lasttoken: z.boolean().default(false),
  pooling_mode_max_tokens: z.boolean().default(false),
  pooling_mode_mean_sqrt_len_tokens: z.boolean().default(false),
  pooling_mode_weightedmean_tokens: z.boolean().default(false),
  include_prompt: z.boolean().default(true),
});
const transformer = z.object({ max_seq_length: z.int().positive().nullish() });
const prompts = z.object({ prompts: z.record(z.string(), z.string().nullable()).default({}) });

function readIf<T extends z.ZodType>(file: string, schema: T): z.output<T> | undefined {
  if (!existsSync(file)) return undefined;
  const parsed = schema.safeParse(readJson(file));
  if (!parsed.success)
    throw new Fault(
      `Expected sentence-transformers' settings in ${file}, got: ${parsed.error.issues[0]?.message}. Fetch the model again.`,
    );
  return parsed.data;
}

/** Reads the settings that a sentence-transformers folder (or one of our checkpoints) was saved with. */
export function readSettings(folder: string): EncoderSettings {
  const parts = readIf(join(folder, 'modules.json'), modules) ?? [];
  const kinds = parts.map((part) => part.type.split('.').at(-1));
  const foreign = kinds.find((kind) => !['Transformer', 'Pooling', 'Normalize'].includes(kind ?? ''));
  if (foreign)
    throw new Fault(
      `Expected Transformer, Pooling and Normalize in ${folder}/modules.json, got ${foreign}. Choose another model.`,
    );
  const poolingPath = parts.find((_, i) => kinds[i] === 'Pooling')?.path ?? '1_Pooling';
  const { longest, attention } = readArchitecture(folder);
  const saved = readIf(join(folder, 'sentence_bert_config.json'), transformer)?.max_seq_length ?? longest;
  const given = readIf(join(folder, 'config_sentence_transformers.json'), prompts)?.prompts ?? {};
  const pools = readIf(join(folder, poolingPath, 'config.json'), pooling);
  return {
    pooling: pools ? poolingOf(pools, folder) : 'mean',
    attention,
    pool_prompt: pools?.include_prompt ?? true,
    normalize: kinds.includes('Normalize'),
    max_length: readIf(join(folder, ownSettingsFile), ownSettings)?.max_length ?? { query: saved, document: saved },
    prompt: { query: given.query ?? '', document: given.document ?? given.passage ?? '' },
  };
}

// Our names for sentence-transformers' ways to pool.
const poolings = new Map<string, EncoderSettings['pooling']>([
  ['mean', 'mean'],
  ['cls', 'cls'],
  ['lasttoken', 'last'],
]);

function poolingOf(saved: z.output<typeof pooling>, folder: string): EncoderSettings['pooling'] {
  const flags = {
    mean: saved.pooling_mode_mean_tokens,
    cls: saved.pooling_mode_cls_token,
    lasttoken: saved.pooling_mode_lasttoken,
    max: saved.pooling_mode_max_tokens,
    mean_sqrt_len_tokens: saved.pooling_mode_mean_sqrt_len_tokens,
    weightedmean: saved.pooling_mode_weightedmean_tokens,
  };
  const flagged = Object.entries(flags).flatMap(([name, on]) => (on ? [name] : []));
  const modes = saved.pooling_mode ? [saved.pooling_mode].flat() : flagged;
  const found = modes.length === 1 ? poolings.get(modes[0] as string) : undefined;
  if (found) return found;
  throw new Fault(
    `Expected mean, cls or last-token pooling in ${folder}, got ${modes.join(' with ') || 'none'}. Choose another model.`,
  );
}
