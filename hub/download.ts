import { createHash } from 'node:crypto';
import { createReadStream, mkdirSync, realpathSync, rmSync, statSync } from 'node:fs';
import { downloadFileToCacheDir } from '@huggingface/hub';
import { CachedRepository, type Repository } from './cache.js';
import { type Client, DamagedFile, patiently } from './client.js';

/** A file as the hub announces it: large ones by their SHA-256 (lfs), others by git's own hash. */
export interface Announced {
  readonly path: string;
  readonly oid?: string | undefined;
  readonly lfs?: { readonly oid: string } | undefined;
}

/**
 * Downloads one file into the hub's cache. It is checked against the hash the hub announces before it gets its name;
 * a connection that breaks, and a file that arrives damaged, are tried again.
 * @returns bytes of the file
 */
export async function downloadFile(
  repository: Repository,
  commit: string,
  file: Announced,
  client: Client,
): Promise<number> {
  const cached = new CachedRepository(repository);
  // Two processes may fetch the same file: each in a folder of its own, a whole file is moved over.
  const temporary = `${cached.folder}.tmp-${process.pid}`;
  const repo = { type: repository.type, name: repository.name } as const;
  const expected = hashOf(file);
  try {
    return await patiently(async () => {
      rmSync(temporary, { recursive: true, force: true });
      mkdirSync(temporary, { recursive: true });
      const link = await downloadFileToCacheDir({
        repo,
        path: file.path,
        revision: commit,
        cacheDir: temporary,
        ...client,
      });
      const blob = realpathSync(link);
      if ((await contentHash(blob, expected.length)) !== expected) {
        throw new DamagedFile(`${file.path} arrived damaged: its hash is not the one the hub announces`);
      }
      const { size } = statSync(blob);
      cached.add(commit, file.path, expected, blob);
      return size;
    });
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

function hashOf(file: Announced): string {
  const hash = file.lfs?.oid ?? file.oid ?? '';
  if (!/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(hash)) throw new Error(`the hub announces no hash for ${file.path}`);
  return hash;
}

/** Large files are named by their SHA-256; the others, as git does, by the SHA-1 of a header and the content. */
async function contentHash(file: string, length: number): Promise<string> {
  const sum = createHash(length === 64 ? 'sha256' : 'sha1');
  if (length === 40) sum.update(`blob ${statSync(file).size}\0`);
  for await (const chunk of createReadStream(file)) sum.update(chunk as Buffer);
  return sum.digest('hex');
}

/** `downloaded org/name/file: 91 MB in 3.2 s`, for files that took a while. */
export function downloadLine(name: string, file: string, bytes: number, sinceMs: number): string | null {
  const seconds = ((performance.now() - sinceMs) / 1000).toFixed(1);
  return bytes > 1e6 ? `downloaded ${name}/${file}: ${(bytes / 1e6).toFixed(0)} MB in ${seconds} s` : null;
}
