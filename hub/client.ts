import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { datasetInfo, HubApiError, modelInfo } from '@huggingface/hub';
import { reasonOf } from '../plan/fault.js';
import { hubHome, isCommit, type Repository } from './cache.js';
import { patientFetch } from './patient-fetch.js';

const PATIENCE = { firstAnswer: 5, answer: 30, silence: 60 };
const WAITS_MS = [250, 1000, 4000];

/** What every call of the hub's client takes: how to ask, whom, and as who. */
export interface Client {
  readonly fetch: typeof fetch;
  readonly hubUrl?: string;
  readonly accessToken?: string;
}

/** A client by the environment: HF_ENDPOINT, and HF_TOKEN or the token file. */
function hubClient(): Client {
  const token = accessToken();
  return {
    fetch: patientFetch(PATIENCE),
    ...(process.env.HF_ENDPOINT ? { hubUrl: process.env.HF_ENDPOINT.replace(/\/+$/, '') } : {}),
    ...(token ? { accessToken: token } : {}),
  };
}

/** The commit that a branch, tag or hash names. */
export async function commitOf({ type, name }: Repository, revision: string, client: Client): Promise<string> {
  const asked = { name, revision, ...client };
  const { sha } =
    type === 'model'
      ? await modelInfo({ ...asked, additionalFields: ['sha'] })
      : await datasetInfo({ ...asked, additionalFields: ['sha'] });
  if (!isCommit(sha)) throw new Error('the hub names no commit');
  return sha;
}

/**
 * Does something with the hub in which its client's own reports (on stdout, which belongs to our commands) are silenced,
 * and an error says what happened and never the token.
 */
export async function withHub<T>(what: Repository['type'], work: (client: Client) => Promise<T>): Promise<T> {
  const client = hubClient();
  const debug = console.debug;
  console.debug = () => undefined;
  try {
    return await work(client);
  } catch (error) {
    throw new Error(explain(error, what, client.accessToken));
  } finally {
    console.debug = debug;
  }
}

/** Tries again, a little later each time, what a busy hub or a broken connection spoilt. */
export async function patiently<T>(work: () => Promise<T>): Promise<T> {
  for (const pause of WAITS_MS) {
    try {
      return await work();
    } catch (error) {
      if (!isPassing(error)) throw error;
      await wait(pause);
    }
  }
  return work();
}

/** What a second try may mend: the hub is overloaded, or bytes were lost. One that cannot be reached stays so. */
function isPassing(error: unknown): boolean {
  if (error instanceof HubApiError) return [429, 502, 503, 504].includes(error.statusCode);
  if (error instanceof DamagedFile) return true;
  const code = codeOf(error);
  return ['ECONNRESET', 'UND_ERR_SOCKET', 'EPIPE'].includes(code) || reasonOf(error) === 'terminated';
}

/** A file whose bytes are not those that the hub announces. */
export class DamagedFile extends Error {}

function accessToken(): string | null {
  const file = process.env.HF_TOKEN_PATH || join(hubHome(), 'token');
  const token = process.env.HF_TOKEN || (existsSync(file) ? readFileSync(file, 'utf8') : '');
  // The client refuses any other before it asks; without a token public repositories still come.
  return token.trim().startsWith('hf_') ? token.trim() : null;
}

function codeOf(error: unknown): string {
  const { cause } = error instanceof Error ? error : { cause: undefined };
  return cause instanceof Error && 'code' in cause ? String(cause.code) : '';
}

function explain(error: unknown, what: Repository['type'], token: string | undefined): string {
  if (error instanceof HubApiError && [401, 403, 404].includes(error.statusCode)) {
    const noun = what === 'model' ? 'model' : 'data set or revision';
    return `it answers ${error.statusCode}: no such ${noun}, or a private one (HF_TOKEN)`;
  }
  // "fetch failed" says nothing; its cause does.
  const code = codeOf(error);
  const text = code ? `${reasonOf(error)} (${code})` : reasonOf(error);
  return token ? text.replaceAll(token, '…') : text;
}
