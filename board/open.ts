import { statSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, isIPv6 } from 'node:net';
import { Fault, reasonOf } from '../plan/fault.js';
import { Answers } from './answers.js';
import { readAssets } from './assets.js';
import { checkVisitor, headers } from './door.js';
import { Refused, Root } from './inside.js';

/** A running board. */
export interface Board {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Serves a page about the runs in a folder. It reads the folder and writes nothing; beyond it, it reads the queries and
 * documents of sets that the runs' plans and results name.
 *
 * @param options.host the address to listen at
 * @param options.port 0 for any that is free
 * @throws Fault a folder that is missing, a port that is taken
 */
export async function openBoard(folder: string, { host, port }: { host: string; port: number }): Promise<Board> {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory())
    throw new Fault(
      `Expected a folder with runs, got ${folder}, which is none. Name the folder that \`train\` writes to.`,
    );
  const assets = readAssets();
  const answers = new Answers(new Root(folder));

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '/', 'http://board');
    const asset = assets.get(url.pathname);
    checkVisitor(request, url.pathname === '/');
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    const isSearch = url.pathname === '/api/search';
    if (request.method !== (isSearch ? 'POST' : 'GET'))
      throw new Refused(405, `Expected ${isSearch ? 'POST' : 'GET'}, got ${request.method}. Use the page.`);
    const json = (value: unknown): void => {
      response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(value));
    };
    if (!asset) await answers.ready;
    if (asset) response.writeHead(200, { 'content-type': asset.type }).end(asset.content);
    else if (isSearch) await answers.search(request, response);
    else if (url.pathname === '/api/live') await answers.live(request, response);
    else if (url.pathname === '/api/run') json(answers.run(url.searchParams));
    else if (url.pathname === '/api/curves') json(await answers.curves(url.searchParams));
    else if (url.pathname === '/api/compare') json(await answers.compare(url.searchParams));
    else if (url.pathname === '/api/sweep') json(await answers.sweep(url.searchParams));
    else throw new Refused(404, 'Expected a path of the board, got another. Open its first page.');
  };

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      const status = error instanceof Refused ? error.status : 500;
      if (status === 500) process.stderr.write(`${error instanceof Error ? error.stack : reasonOf(error)}\n`);
      if (response.headersSent) response.end();
      else
        response
          .writeHead(status, { ...headers, 'content-type': 'application/json; charset=utf-8' })
          .end(JSON.stringify({ fault: reasonOf(error) }));
    });
  });
  await listening(server, host, port);
  const { port: taken } = server.address() as AddressInfo;
  return {
    url: `http://${isIPv6(host) ? `[${host}]` : host}:${taken}/`,
    close: () => {
      answers.close();
      server.closeAllConnections();
      return new Promise((closed) => server.close(() => closed()));
    },
  };
}

function listening(server: ReturnType<typeof createServer>, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const taken = error.code === 'EADDRINUSE';
      reject(
        new Fault(
          taken
            ? `Expected a free port for the board, got ${port}, which is taken. Choose another with --port.`
            : `Expected an address of this machine for the board, got ${host} (${reasonOf(error)}). Choose it with --host.`,
        ),
      );
    });
    server.listen(port, host, resolve);
  });
}
