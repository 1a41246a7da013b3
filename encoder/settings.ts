import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { Fault } from '../plan/fault.js';
import type { ModelPlan } from '../plan/schema.js';
import { readArchitecture } from './architectures/read.js';
import { readJson } from './json.js';

/** How an encoder's hidden states become one vector a text: everything of a plan's model but its weights. */
export type EncoderSettings = Omit<ModelPlan, 'base'>;

/** Our own file beside sentence-transformers' ones: theirs knows one length for both sides. */
export const ownSettingsFile = 'reasontune.json';

const ownSettings = z.object({ max_length: z.object({ query: z.int(), document: z.int() }) });
const modules = z.array(z.object({ type: z.string(), path: z.string() }));
const pooling = z.object({
  pooling_mode: z.string().optional(),
  pooling_mode_mean_tokens: z.boolean().default(false),
  pooling_mode_cls_token: z.boolean().default(false),
});
const transformer = z.object({ max_seq_length: z.int().positive().nullish() });
const prompts = z.object({ prompts: z.record(z.string(), z.string().nullable()).default({}) });

function readIf<T extends z.ZodType>(file: string, schema: T): z.output<T> | undefined {
  if (!existsSync(file)) return undefined;
  const parsed = schema.safeParse(readJson(file));
  if (!parsed.success)
    throw new Fault(`Expected sentence-transformers' settings in ${file}, got: ${parsed.error.issues[0]?.message}.`);
  return parsed.data;
}

/** Reads the settings that a sentence-transformers folder (or one of our checkpoints) was saved with. */
export function readSettings(folder: string): EncoderSettings {
  const parts = readIf(join(folder, 'modules.json'), modules) ?? [];
  const kinds = parts.map((part) => part.type.split('.').at(-1));
  const foreign = kinds.find((kind) => !['Transformer', 'Pooling', 'Normalize'].includes(kind ?? ''));
  if (foreign)
    throw new Fault(`Expected Transformer, Pooling and Normalize in ${folder}/modules.json, got ${foreign}.`);
  const poolingPath = parts.find((_, i) => kinds[i] === 'Pooling')?.path ?? '1_Pooling';
  const { longest } = readArchitecture(folder);
  const saved = readIf(join(folder, 'sentence_bert_config.json'), transformer)?.max_seq_length ?? longest;
  const given = readIf(join(folder, 'config_sentence_transformers.json'), prompts)?.prompts ?? {};
  return {
    pooling: poolingOf(readIf(join(folder, poolingPath, 'config.json'), pooling), folder),
    normalize: kinds.includes('Normalize'),
    max_length: readIf(join(folder, ownSettingsFile), ownSettings)?.max_length ?? { query: saved, document: saved },
    prompt: { query: given.query ?? '', document: given.document ?? given.passage ?? '' },
  };
}

function poolingOf(saved: z.output<typeof pooling> | undefined, folder: string): EncoderSettings['pooling'] {
  if (!saved) return 'mean';
  if (saved.pooling_mode === 'mean' || saved.pooling_mode === 'cls') return saved.pooling_mode;
  if (saved.pooling_mode_mean_tokens && !saved.pooling_mode_cls_token) return 'mean';
  if (saved.pooling_mode_cls_token && !saved.pooling_mode_mean_tokens) return 'cls';
  throw new Fault(`Expected mean or cls pooling in ${folder}, got another. Choose another model.`);
}
