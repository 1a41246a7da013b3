import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, relative } from 'node:path';

/** A model or a data set on the hub. */
export interface Repository {
  readonly type: 'model' | 'dataset';
  /** `organisation/name`, or `name` alone for the hub's oldest. */
  readonly name: string;
}

/** One repository in the hub's cache, laid out as Python's huggingface_hub does: blobs/, refs/, snapshots/, .no_exist/. */
export class CachedRepository {
  readonly folder: string;

  constructor({ type, name }: Repository) {
    this.folder = join(hubCache(), `${type}s--${name.split('/').join('--')}`);
  }

  /** The commit that a branch or tag named when it was last asked for; a commit's hash is itself. */
  commitOf(revision: string): string | null {
    if (isCommit(revision)) return revision;
    const file = join(this.folder, 'refs', revision);
    const commit = isRevision(revision) && existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
    return isCommit(commit) ? commit : null;
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

  /** Remembers that the repository has no such file, so that nobody has to ask the hub again. */
  markAbsent(commit: string, file: string): void {
    const mark = this.absenceMark(commit, file);
    mkdirSync(dirname(mark), { recursive: true });
    writeFileSync(mark, '');
  }

  isKnownAbsent(commit: string, file: string): boolean {
    return existsSync(this.absenceMark(commit, file));
  }

  /** Remembers which commit a branch or tag names; for a model the last step of a download. */
  setRef(revision: string, commit: string): void {
    const file = join(this.folder, 'refs', revision);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, commit);
  }

  private absenceMark(commit: string, file: string): string {
    return join(this.folder, '.no_exist', commit, file);
  }
}

/** Whether a text is a commit's hash, and so safe as a folder's name. */
export function isCommit(text: string): boolean {
  return /^[0-9a-f]{40}$/.test(text);
}

/** Whether a text can be a branch or a tag, and leads nowhere out of a folder. */
function isRevision(text: string): boolean {
  return /^[A-Za-z0-9][\w.-]*(\/[A-Za-z0-9][\w.-]*)*$/.test(text);
}

/**
 * Whether a text can name a repository: letters, digits and -_. as the hub allows, no part beginning with a dot, nothing
 * that, once it is part of a path, could leave the cache folder.
 */
export function isHubName(text: string): boolean {
  return /^[A-Za-z0-9][\w.-]*(\/[A-Za-z0-9][\w.-]*)?$/.test(text);
}

/** Where huggingface_hub keeps models and data sets, by the environment variables it honours. */
export function hubCache(): string {
  const { HF_HUB_CACHE, HUGGINGFACE_HUB_CACHE } = process.env;
  return HF_HUB_CACHE || HUGGINGFACE_HUB_CACHE || join(hubHome(), 'hub');
}

/** Where huggingface_hub keeps what is neither: the token above all. */
export function hubHome(): string {
  const { HF_HOME, XDG_CACHE_HOME } = process.env;
  return HF_HOME || join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'huggingface');
}

/** Whether the user forbids asking the hub (HF_HUB_OFFLINE, spelt as huggingface_hub reads it). */
export function isOffline(): boolean {
  return /^(1|on|yes|true)$/i.test(process.env.HF_HUB_OFFLINE ?? '');
}
