import { createHash } from 'node:crypto';
import { createReadStream, existsSync, mkdirSync, readFileSync, realpathSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { downloadFileToCacheDir, HubApiError, modelInfo, type PathInfo, pathsInfo } from '@huggingface/hub';
import { reasonOf } from '../../plan/fault.js';
import { CachedModel, hubHome, isCommit, OPTIONAL_FILES, REQUIRED_FILES } from './hub-cache.js';
import { patientFetch } from './patient-fetch.js';

const PATIENCE = { firstAnswer: 5, answer: 30, silence: 60 };

/**
 * Downloads what we read of a model (never a pickle) into the hub's cache and returns the snapshot's folder. Every file
 * is checked against the hash the hub announces before it gets its name; refs/main is written last.
 */
export async function downloadModel(name: string, onProgress: (line: string) => void): Promise<string> {
  const token = accessToken();
  const hub = {
    fetch: patientFetch(PATIENCE),
    ...(process.env.HF_ENDPOINT ? { hubUrl: process.env.HF_ENDPOINT.replace(/\/+$/, '') } : {}),
    ...(token ? { accessToken: token } : {}),
  };
  const cached = new CachedModel(name);
  // Two processes may fetch the same model: each in a folder of its own, whole files are moved over.
  const temporary = `${cached.folder}.tmp-${process.pid}`;
  const debug = console.debug;
  // The hub's client reports every file on stdout, which belongs to our commands.
  console.debug = () => undefined;
  try {
    const { sha } = await modelInfo({ name, revision: 'main', additionalFields: ['sha'], ...hub });
    if (!isCommit(sha)) throw new Error('the hub names no commit');
    const wanted = [...REQUIRED_FILES, ...OPTIONAL_FILES];
    const announced = await pathsInfo({ repo: name, paths: wanted, revision: sha, ...hub });
    const missing = REQUIRED_FILES.filter((file) => !announced.some(({ path }) => path === file));
    if (missing.length > 0) throw new Error(`the model has no ${missing.join(', no ')}${pickleHint(missing)}`);

    mkdirSync(temporary, { recursive: true });
    for (const file of wanted) {
      if (cached.has(sha, file)) continue;
      const info = announced.find(({ path, type }) => path === file && type === 'file');
      const start = performance.now();
      const got = info && (await download(name, sha, info, temporary, hub));
      if (!got) {
        cached.markAbsent(sha, file);
        continue;
      }
      const { size } = statSync(got);
      cached.add(sha, file, hashOf(info), got);
      const seconds = ((performance.now() - start) / 1000).toFixed(1);
      if (size > 1e6) onProgress(`downloaded ${name}/${file}: ${(size / 1e6).toFixed(0)} MB in ${seconds} s`);
    }
    cached.setMain(sha);
    return cached.snapshot(sha);
  } catch (error) {
    throw new Error(explain(error, token));
  } finally {
    console.debug = debug;
    rmSync(temporary, { recursive: true, force: true });
  }
}

type Hub = { fetch: typeof fetch; hubUrl?: string; accessToken?: string };

/** A checked file under the temporary folder, or null when it is optional and, against the announcement, not there. */
async function download(name: string, sha: string, info: PathInfo, cacheDir: string, hub: Hub): Promise<string | null> {
  let blob: string;
  try {
    blob = realpathSync(await downloadFileToCacheDir({ repo: name, path: info.path, revision: sha, cacheDir, ...hub }));
  } catch (error) {
    const optional = (OPTIONAL_FILES as readonly string[]).includes(info.path);
    if (optional && saysNotFound(error)) return null;
    throw error;
  }
  const expected = hashOf(info);
  if ((await contentHash(blob, expected.length)) !== expected) {
    throw new Error(`${info.path} arrived damaged: its hash is not the one the hub announces`);
  }
  return blob;
}

// The client turns a 404 that names the entry into null, and that into an error with these words.
function saysNotFound(error: unknown): boolean {
  if (error instanceof HubApiError) return error.statusCode === 404;
  return reasonOf(error).startsWith('invalid response for file');
}

function hashOf(info: PathInfo): string {
  const hash = info.lfs?.oid ?? info.oid ?? '';
  if (!/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(hash)) throw new Error(`the hub announces no hash for ${info.path}`);
  return hash;
}

/** Large files are named by their SHA-256; the others, as git does, by the SHA-1 of a header and the content. */
async function contentHash(file: string, length: number): Promise<string> {
  const sum = createHash(length === 64 ? 'sha256' : 'sha1');
  if (length === 40) sum.update(`blob ${statSync(file).size}\0`);
  for await (const chunk of createReadStream(file)) sum.update(chunk as Buffer);
  return sum.digest('hex');
}

function accessToken(): string | null {
  const file = process.env.HF_TOKEN_PATH || join(hubHome(), 'token');
  const token = process.env.HF_TOKEN || (existsSync(file) ? readFileSync(file, 'utf8') : '');
  // The client refuses any other before it asks; without a token public models still come.
  return token.trim().startsWith('hf_') ? token.trim() : null;
}

function pickleHint(missing: readonly string[]): string {
  return missing.some((file) => file === 'model.safetensors')
    ? '; other weight formats (.bin, .pt) may run code when read and are not taken'
    : '';
}

function explain(error: unknown, token: string | null): string {
  if (error instanceof HubApiError && [401, 403, 404].includes(error.statusCode)) {
    return `it answers ${error.statusCode}: no such model, or a private one (HF_TOKEN)`;
  }
  // "fetch failed" says nothing; its cause does.
  const { cause } = error instanceof Error ? error : { cause: undefined };
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const text = code ? `${reasonOf(error)} (${code})` : reasonOf(error);
  return token ? text.replaceAll(token, '…') : text;
}
