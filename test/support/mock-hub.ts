import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export const COMMIT = '0123456789abcdef0123456789abcdef01234567';

/** What the hub does wrong with one file. */
export type Trouble = 'not found' | 'cut off' | 'short' | 'other bytes';

/** A model hub on the loopback with one model. Weights are announced by SHA-256, the other files as git blobs. */
export class MockHub {
  readonly requests: string[] = [];
  readonly tokens = new Set<string | undefined>();
  readonly trouble = new Map<string, Trouble>();
  status = 200;
  silent = false;
  #server = createServer((request, response) => this.#answer(request, response));

  constructor(readonly files: Map<string, string>) {}

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** The names of the files whose content was asked for. */
  downloaded(): Set<string> {
    return new Set(this.requests.flatMap((url) => /\/resolve\/[^/]+\/(.*)$/.exec(url)?.[1] ?? []));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.requests.push(request.url ?? '');
    this.tokens.add(request.headers.authorization);
    if (this.silent) return;
    const json = (status: number, value: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    };
    const url = request.url ?? '';
    if (this.status !== 200) json(this.status, { error: `refused: ${request.headers.authorization}` });
    else if (url.includes('/revision/')) json(200, { _id: '1', id: 'org/model', sha: COMMIT });
    else if (url.includes('/paths-info/')) json(200, this.#announce(await bodyOf(request)));
    else this.#send(url.split(`/resolve/${COMMIT}/`)[1] ?? '', request, response);
  }

  #announce(body: string): unknown[] {
    const { paths } = JSON.parse(body) as { paths: string[] };
    return paths.flatMap((path) => {
      const text = this.files.get(path);
      if (text === undefined) return [];
      const lfs = { oid: createHash('sha256').update(text).digest('hex'), size: text.length, pointerSize: 134 };
      const oid = createHash('sha1').update(`blob ${text.length}\0${text}`).digest('hex');
      return [{ type: 'file', path, oid, size: text.length, ...(path.endsWith('.safetensors') ? { lfs } : {}) }];
    });
  }

  #send(path: string, request: IncomingMessage, response: ServerResponse): void {
    const text = this.files.get(path);
    const trouble = this.trouble.get(path);
    if (text === undefined || trouble === 'not found') {
      response.writeHead(404, { 'x-error-code': 'EntryNotFound' }).end();
      return;
    }
    const headers = { etag: '"x"', 'content-type': 'application/octet-stream' };
    if (request.headers.range === 'bytes=0-0') {
      response.writeHead(206, { ...headers, 'content-range': `bytes 0-0/${text.length}` }).end(text[0]);
    } else if (trouble === 'cut off') {
      response.writeHead(200, { ...headers, 'content-length': text.length }).write(text.slice(0, text.length / 2));
      setTimeout(() => response.destroy(), 50);
    } else {
      const sent = trouble === 'short' ? text.slice(0, -1) : trouble === 'other bytes' ? `X${text.slice(1)}` : text;
      response.writeHead(200, headers).end(sent);
    }
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request) body += chunk;
  return body;
}
