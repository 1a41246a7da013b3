import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CachedRepository } from '../../hub/cache.js';
import { missingWeightFiles } from '../stored-weights.js';

/** Without these, and weights, there is no model. */
export const REQUIRED_FILES = ['config.json', 'tokenizer.json'] as const;

/** What sentence-transformers adds: how to pool, prompts, lengths. Many models lack some of them. */
export const OPTIONAL_FILES = [
  'modules.json',
  '1_Pooling/config.json',
  'sentence_bert_config.json',
  'config_sentence_transformers.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
] as const;

/** The snapshot of a model that the cache's refs/main names, if it can be used; `whole` when it also says how to pool. */
export function cachedModel(name: string): { folder: string; whole: boolean } | { missing: string } {
  const cached = new CachedRepository({ type: 'model', name });
  const commit = cached.commitOf('main');
  if (commit === null) return { missing: 'not there' };
  const folder = cached.snapshot(commit);
  const missing = [...REQUIRED_FILES.filter((file) => !existsSync(join(folder, file))), ...missingWeightFiles(folder)];
  if (missing.length > 0) return { missing: `there, but without ${missing.join(', ')}` };
  return { folder, whole: existsSync(join(folder, 'modules.json')) || cached.isKnownAbsent(commit, 'modules.json') };
}
