import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, relative } from 'node:path';

/** Without these there is no model. */
export const REQUIRED_FILES = ['config.json', 'tokenizer.json', 'model.safetensors'] as const;

/** What sentence-transformers adds: how to pool, prompts, lengths. Many models lack some of them. */
export const OPTIONAL_FILES = [
  'modules.json',
  '1_Pooling/config.json',
  'sentence_bert_config.json',
  'config_sentence_transformers.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
] as const;

/** One model in the hub's cache, laid out as Python's huggingface_hub does: blobs/, refs/, snapshots/, .no_exist/. */
export class CachedModel {
  readonly folder: string;

  constructor(name: string) {
    this.folder = join(hubCache(), `models--${name.split('/').join('--')}`);
  }

  /** The snapshot that refs/main names, if it can be used; `whole` when it also says how to pool. */
  find(): { folder: string; whole: boolean } | { missing: string } {
    const commit = this.mainCommit();
    if (commit === null) return { missing: 'not there' };
    const folder = this.snapshot(commit);
    const missing = REQUIRED_FILES.filter((file) => !existsSync(join(folder, file)));
    if (missing.length > 0) return { missing: `there, but without ${missing.join(', ')}` };
    return { folder, whole: existsSync(join(folder, 'modules.json')) || this.isKnownAbsent(commit, 'modules.json') };
  }

  has(commit: string, file: string): boolean {
    return existsSync(join(this.snapshot(commit), file));
  }

  snapshot(commit: string): string {
    return join(this.folder, 'snapshots', commit);
  }

  /** Moves a whole and checked file in: the blob under its hash, a link from the snapshot. */
  add(commit: string, file: string, hash: string, from: string): void {
    const blob = join(this.folder, 'blobs', hash);
    const link = join(this.snapshot(commit), file);
    mkdirSync(dirname(blob), { recursive: true });
    mkdirSync(dirname(link), { recursive: true });
    renameSync(from, blob);
    rmSync(link, { force: true });
    symlinkSync(relative(dirname(link), blob), link);
  }

  /** Remembers that the model has no such file, so that nobody has to ask the hub again. */
  markAbsent(commit: string, file: string): void {
    const mark = this.absenceMark(commit, file);
    mkdirSync(dirname(mark), { recursive: true });
    writeFileSync(mark, '');
  }

  /** Makes a snapshot the one that `main` names; the last step of a download. */
  setMain(commit: string): void {
    mkdirSync(join(this.folder, 'refs'), { recursive: true });
    writeFileSync(join(this.folder, 'refs', 'main'), commit);
  }

  private mainCommit(): string | null {
    const file = join(this.folder, 'refs', 'main');
    const commit = existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
    return isCommit(commit) ? commit : null;
  }

  private isKnownAbsent(commit: string, file: string): boolean {
    return existsSync(this.absenceMark(commit, file));
  }

  private absenceMark(commit: string, file: string): string {
    return join(this.folder, '.no_exist', commit, file);
  }
}

/** Whether a text is a commit's hash, and so safe as a folder's name. */
export function isCommit(text: string): boolean {
  return /^[0-9a-f]{40}$/.test(text);
}

/** Where huggingface_hub keeps models, by the environment variables it honours. */
export function hubCache(): string {
  const { HF_HUB_CACHE, HUGGINGFACE_HUB_CACHE } = process.env;
  return HF_HUB_CACHE || HUGGINGFACE_HUB_CACHE || join(hubHome(), 'hub');
}

/** Where huggingface_hub keeps what is not a model: the token above all. */
export function hubHome(): string {
  const { HF_HOME, XDG_CACHE_HOME } = process.env;
  return HF_HOME || join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'huggingface');
}
