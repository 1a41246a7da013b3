import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { isCollection } from '../data/beir.js';
import { curvesOf } from './events/curve.js';
import { Refused, type Root } from './inside.js';
import { Logs } from './logs.js';
import type { Change, RunRow, SearchLine } from './protocol.js';
import { detailOf } from './runs/detail.js';
import { Search } from './search/ask.js';
import { modelOf } from './search/model.js';
import { Watch } from './watch.js';

const axis = z.enum(['step', 'tokens', 'seconds']).catch('step');
const question = z.strictObject({
  question: z.string().trim().min(1).max(10_000),
  set: z.string(),
  models: z.array(z.string()).min(1).max(2),
});
const LARGEST_QUESTION = 1 << 16;

/** What the page asks of a board: each method answers one path under /api/. */
export class Answers {
  readonly #watch: Watch;
  readonly #logs: Logs;
  readonly #search = new Search();

  constructor(private readonly root: Root) {
    this.#watch = new Watch(root);
    this.#logs = new Logs(root);
  }

  /** When there are runs to answer about. */
  get ready(): Promise<void> {
    return this.#watch.ready;
  }

  close(): void {
    this.#search.close();
  }

  run(query: URLSearchParams) {
    return detailOf(this.root, this.#row(query.get('id')));
  }

  async curves(query: URLSearchParams) {
    const row = this.#row(query.get('id'));
    return curvesOf(await this.#logs.read(row.id), axis.parse(query.get('axis')));
  }

  // What compares is read when it is asked for: the board is there sooner.
  async compare(query: URLSearchParams) {
    const { compareRuns } = await import('./compare.js');
    const side = (which: 'a' | 'b') => ({ row: this.#row(query.get(which)), system: query.get(`system-${which}`) });
    return compareRuns(this.root, side('a'), side('b'), { set: query.get('set'), measure: query.get('measure') });
  }

  async sweep(query: URLSearchParams) {
    const { ablationOf } = await import('./sweeps/ablation.js');
    const id = query.get('id') ?? '';
    const { sweeps, rows } = this.#watch.now;
    if (!sweeps.some((sweep) => sweep.id === id)) throw unknown('sweep', id);
    const above = id === '.' ? '' : `${id}/`;
    const inside = rows.filter((row) => row.id.startsWith(above) && !row.id.slice(above.length).includes('/'));
    return ablationOf(this.root, id, inside, this.#watch.told(id));
  }

  /** All runs as they are, then every change: server-sent events. */
  async live(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
    const send = (change: Change): void => void response.write(`data: ${JSON.stringify(change)}\n\n`);
    const { folder, rows, sweeps } = await this.#watch.fresh();
    if (response.destroyed) return;
    send({ folder, rows, sweeps, gone: [] });
    request.on('close', this.#watch.listen(send));
  }

  /** A line of JSON for each step of the way to what was found. */
  async search(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!/^application\/json\b/.test(request.headers['content-type'] ?? ''))
      throw new Refused(400, 'Expected a question as application/json, got another type. Ask from the page.');
    const asked = question.safeParse(parseJson(await bodyOf(request)));
    if (!asked.success) throw new Refused(400, 'Expected a question, a set and one or two models. Fill the form.');
    const { set, models } = asked.data;
    if (!this.#watch.now.rows.some(({ sets }) => sets.includes(set)) || !isCollection(set))
      throw new Refused(
        400,
        `Expected a set that a run's plan names, and whose folder is there, got ${shown(set)}. Choose one.`,
      );
    const named = models.map((id) => modelOf(this.root, id === 'bm25' ? null : this.#row(id).id));
    response.writeHead(200, { 'content-type': 'application/x-ndjson; charset=utf-8' });
    const say = (line: SearchLine): void => void response.write(`${JSON.stringify(line)}\n`);
    await this.#search.ask({ question: asked.data.question, set, models: named }, say);
    response.end();
  }

  /** A run that the board lists: no other path of a request is ever opened. */
  #row(id: string | null): RunRow {
    const row = this.#watch.row(id ?? '');
    if (row && this.root.find(row.id)) return row;
    throw unknown('run', id ?? '');
  }
}

function unknown(what: string, id: string): Refused {
  return new Refused(404, `Expected a ${what} of this board, got ${shown(id)}. Choose one of the list.`);
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 200));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > LARGEST_QUESTION)
      throw new Refused(413, 'Expected a question of at most 64 KiB, got more. Shorten it.');
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}
