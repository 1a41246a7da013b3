import OpenAI, { APIConnectionError, APIError } from 'openai';
import { patientFetch } from '../hub/patient-fetch.js';
import type { EndpointPlan } from '../plan/endpoint.js';
import { excerpt, Failure, failedWith } from './failure.js';

/** The way that a request takes to its server, and its answer back. */
export interface Transport {
  /**
   * Whether the server sees one request at a time, which concurrency and rate are for; and a call that was under way at a
   * kill is lost. Of a batch neither holds.
   */
  readonly paced: boolean;
  /**
   * @param path below the server's url, such as `/chat/completions`
   * @param call the hash of what is asked
   * @returns the answer's JSON, not checked
   * @throws Failure
   */
  send(path: string, body: Readonly<Record<string, unknown>>, call: string): Promise<unknown>;
}

/**
 * OpenAI's client for a plan's server. Its key is read from the environment, and goes into the header alone.
 *
 * @param url where the server is
 */
export function openClient(plan: EndpointPlan, url: string): OpenAI {
  const { timeout } = plan;
  const key = process.env[plan.key_variable];
  return new OpenAI({
    baseURL: url.replace(/\/+$/, ''),
    // The client wants one. Without one there is no header.
    apiKey: key || 'none',
    ...(key ? {} : { defaultHeaders: { authorization: null } }),
    organization: null,
    project: null,
    fetch: patientFetch({ firstAnswer: timeout, answer: timeout, silence: timeout }),
    // Patience with servers is ours: ./pace.ts, ./endpoint.ts.
    maxRetries: 0,
    timeout: 2 ** 31 - 1,
    // Whatever OPENAI_LOG says: its log has texts and headers in it.
    logLevel: 'off',
  });
}

/** A request at a time. */
export function directTransport(plan: EndpointPlan, client: OpenAI): Transport {
  return {
    paced: true,
    send: async (path, body) => {
      const whole = { model: plan.model, ...body };
      try {
        if (plan.stream && path === '/chat/completions') return await streamed(client, whole);
        const response = await client.post(path, { body: whole }).asResponse();
        return parsed(await response.text());
      } catch (error) {
        throw failureOf(error);
      }
    },
  };
}

/** The answer put together of its parts; a stream that ends before the answer does is a failure. */
function streamed(client: OpenAI, body: object): Promise<unknown> {
  const asked = body as Parameters<typeof client.chat.completions.stream>[0];
  return client.chat.completions.stream({ ...asked, stream_options: { include_usage: true } }).finalChatCompletion();
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Failure(`an answer of another form: ${excerpt(text)}`, { what: 'again', paid: true });
  }
}

const notReached = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'ENETUNREACH', 'EHOSTUNREACH']);

/** What an error of OpenAI's client means. */
export function failureOf(error: unknown): Failure {
  if (error instanceof Failure) return error;
  if (error instanceof APIError && !(error instanceof APIConnectionError) && error.status !== undefined) {
    const text = error.error === undefined ? error.message : JSON.stringify(error.error);
    return failedWith(error.status, text, error.code, error.headers && secondsIn(error.headers));
  }
  let cause = error;
  while (cause instanceof Error && cause.cause instanceof Error) cause = cause.cause;
  const { code, message } = cause as { code?: unknown; message?: unknown };
  return new Failure(String(message || code || cause), { what: 'again', paid: !notReached.has(String(code)) });
}

/** Retry-After: seconds, or a date. */
function secondsIn(headers: Headers): number | undefined {
  const after = headers.get('retry-after');
  if (after === null) return undefined;
  const seconds = Number.isNaN(Number(after)) ? (Date.parse(after) - Date.now()) / 1000 : Number(after);
  return seconds > 0 ? seconds : undefined;
}
