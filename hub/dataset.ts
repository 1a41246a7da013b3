import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { Fault, reasonOf } from '../plan/fault.js';
import { cacheFolder } from '../plan/places.js';
import { writeWhole } from '../plan/whole-file.js';
import { CachedRepository, hubCache, isOffline, type Repository } from './cache.js';

/** A data set of the hub at one commit; its files are fetched when asked for, so that reading a part fetches a part. */
export interface HubDataset {
  readonly commit: string;
  /** All files, relative, with `/`. */
  readonly paths: readonly string[];
  /** A file in the hub's cache, downloaded and checked where it is not there yet. */
  fetch(path: string): Promise<string>;
}

const listing = z.array(
  z.object({
    path: z.string().refine((path) => !path.split('/').includes('..') && !path.startsWith('/')),
    oid: z.string().optional(),
    lfs: z.object({ oid: z.string() }).optional(),
  }),
);
type Listing = z.output<typeof listing>;

/**
 * Opens a data set of the hub. What is in the hub's cache is used as it is, and where the revision is a commit's hash
 * nobody is asked at all; under HF_HUB_OFFLINE nobody is asked in any case.
 * @throws Fault that says why it cannot be had, and what to do
 */
export async function openHubDataset(
  name: string,
  revision: string,
  onProgress: (line: string) => void,
): Promise<HubDataset> {
  const repository = { type: 'dataset', name } as const;
  const fail = (reason: string): Fault =>
    new Fault(
      `Expected the data set ${name} at revision ${revision}, got none: ${reason}. ` +
        'Connect to the network (HF_ENDPOINT names another hub, HF_TOKEN is for private ones), or set path to a copy.',
    );
  try {
    const { commit, files } = await find(repository, revision);
    const byPath = new Map(files.map((file) => [file.path, file]));
    return {
      commit,
      paths: files.map(({ path }) => path),
      fetch: (path) => fetchFile(repository, commit, byPath.get(path), path, onProgress),
    };
  } catch (error) {
    throw error instanceof Fault ? error : fail(reasonOf(error));
  }
}

async function find(repository: Repository, revision: string): Promise<{ commit: string; files: Listing }> {
  const cached = new CachedRepository(repository);
  const known = cached.commitOf(revision);
  if (known !== null && (known === revision || isOffline())) {
    const files = readListing(repository, known);
    if (files) return { commit: known, files };
  }
  if (isOffline()) {
    throw new Error(
      known === null
        ? `HF_HUB_OFFLINE is set, and the hub's cache ${hubCache()} has no such revision`
        : 'HF_HUB_OFFLINE is set, and what files the data set has was never asked',
    );
  }
  const { commitOf, patiently, withHub } = await import('./client.js');
  const { listFiles } = await import('@huggingface/hub');
  return withHub('dataset', (client) =>
    patiently(async () => {
      const commit = await commitOf(repository, revision, client);
      const found: unknown[] = [];
      for await (const { type, ...file } of listFiles({
        repo: repository,
        revision: commit,
        recursive: true,
        ...client,
      })) {
        if (type === 'file') found.push(file);
      }
      const files = listing.parse(found);
      writeListing(repository, commit, files);
      if (commit !== revision) cached.setRef(revision, commit);
      return { commit, files };
    }),
  );
}

async function fetchFile(
  repository: Repository,
  commit: string,
  file: Listing[number] | undefined,
  path: string,
  onProgress: (line: string) => void,
): Promise<string> {
  const cached = new CachedRepository(repository);
  const local = join(cached.snapshot(commit), path);
  if (cached.has(commit, path)) return local;
  const where = `${repository.name}/${path}`;
  if (!file) throw new Fault(`Expected ${where} at ${commit}, got no such file. Check the data set's own page.`);
  if (isOffline()) {
    throw new Fault(`Expected ${where} in the hub's cache, got none. Unset HF_HUB_OFFLINE once to fetch it.`);
  }
  const { withHub } = await import('./client.js');
  const { downloadFile, downloadLine } = await import('./download.js');
  try {
    const began = performance.now();
    const bytes = await withHub('dataset', (client) => downloadFile(repository, commit, file, client));
    const line = downloadLine(repository.name, path, bytes, began);
    if (line) onProgress(line);
  } catch (error) {
    throw new Fault(`Expected ${where} from the hub, got ${reasonOf(error)}. Try again later.`);
  }
  return local;
}

// A commit's list of files never changes, and the hub's own cache has no place for it.
function listingFile({ name }: Repository, commit: string): string {
  return cacheFolder('hub-listings', name.replace('/', '--'), `${commit}.json`);
}

function readListing(repository: Repository, commit: string): Listing | null {
  const file = listingFile(repository, commit);
  if (!existsSync(file)) return null;
  try {
    return listing.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return null;
  }
}

function writeListing(repository: Repository, commit: string, files: Listing): void {
  writeWhole(listingFile(repository, commit), JSON.stringify(files));
}
