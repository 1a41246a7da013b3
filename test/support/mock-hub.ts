import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export const COMMIT = '0123456789abcdef0123456789abcdef01234567';

/** What the hub does wrong with one file. */
export type Trouble = 'not found' | 'cut off' | 'short' | 'other bytes';

/**
 * A hub on the loopback with one model, or data set. Weights and Parquet are announced by SHA-256, the other files as git
 * blobs.
 */
export class MockHub {
  readonly requests: string[] = [];
  readonly tokens = new Set<string | undefined>();
  readonly trouble = new Map<string, Trouble>();
  /** Other data sets, by name. */
  readonly others = new Map<string, Map<string, string | Buffer>>();
  /** After so many answers its trouble is over; without a number it stays. */
  readonly times = new Map<string, number>();
  status = 200;
  silent = false;
  #server = createServer((request, response) => this.#answer(request, response));

  constructor(readonly files: Map<string, string | Buffer>) {}

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
    else if (url.includes('/paths-info/')) {
      const { paths } = JSON.parse(await bodyOf(request)) as { paths: string[] };
      json(200, this.#announce(this.#filesOf(url), paths));
    } else if (url.includes('/tree/')) json(200, this.#announce(this.#filesOf(url), [...this.#filesOf(url).keys()]));
    else this.#send(url.split(`/resolve/${COMMIT}/`)[1] ?? '', request, response);
  }

  #filesOf(url: string): Map<string, string | Buffer> {
    return [...this.others].find(([name]) => url.includes(`/${name}/`))?.[1] ?? this.files;
  }

  #announce(files: Map<string, string | Buffer>, paths: readonly string[]): unknown[] {
    return paths.flatMap((path) => {
      const file = files.get(path);
      if (file === undefined) return [];
      const text = Buffer.from(file);
      const lfs = { oid: createHash('sha256').update(text).digest('hex'), size: text.length, pointerSize: 134 };
      const oid = createHash('sha1').update(`blob ${text.length}\0`).update(text).digest('hex');
      return [
        { type: 'file', path, oid, size: text.length, ...(/\.(safetensors|parquet)$/.test(path) ? { lfs } : {}) },
      ];
    });
  }

  #send(path: string, request: IncomingMessage, response: ServerResponse): void {
    const file = this.#filesOf(request.url ?? '').get(path);
    const text = Buffer.from(file ?? '');
    const trouble = this.trouble.get(path);
    if (this.times.get(path)) this.times.set(path, this.times.get(path)! - 1);
    if (this.times.get(path) === 0) this.trouble.delete(path);
    if (file === undefined || trouble === 'not found') {
      response.writeHead(404, { 'x-error-code': 'EntryNotFound' }).end();
      return;
    }
    const headers = { etag: '"x"', 'content-type': 'application/octet-stream' };
    if (request.headers.range === 'bytes=0-0') {
      response.writeHead(206, { ...headers, 'content-range': `bytes 0-0/${text.length}` }).end(text.subarray(0, 1));
    } else if (trouble === 'cut off') {
      response.writeHead(200, { ...headers, 'content-length': text.length }).write(text.subarray(0, text.length / 2));
      setTimeout(() => response.destroy(), 50);
    } else {
      const sent =
        trouble === 'short'
          ? text.subarray(0, -1)
          : trouble === 'other bytes'
            ? Buffer.concat([Buffer.from('X'), text.subarray(1)])
            : text;
      response.writeHead(200, headers).end(sent);
    }
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request) body += chunk;
  return body;
}
