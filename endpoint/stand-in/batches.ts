import { randomUUID } from 'node:crypto';

interface Batch {
  readonly id: string;
  readonly input_file_id: string;
  readonly metadata: unknown;
  readonly output_file_id: string;
  readonly error_file_id: string;
  /** How often it was looked at. */
  looks: number;
}

/** What one line of a batch comes to: a status, and the protocol's body. */
export type Line = (body: Record<string, unknown>) => { readonly status: number; readonly body: unknown };

/** The files and batches of OpenAI's Batch API, as the stand-in keeps them: in memory, done when they are looked at twice. */
export class Batches {
  readonly #files = new Map<string, string>();
  readonly #batches: Batch[] = [];

  constructor(private readonly answer: Line) {}

  get submitted(): number {
    return this.#batches.length;
  }

  /** @returns what the server says, as JSON or text; null for a path that is not its own */
  async handle(method: string, path: string, type: string, body: Buffer): Promise<object | string | null> {
    const [what, id, part] = path
      .split('?')[0]!
      .split('/')
      .slice(-3)
      .join('/')
      .replace(/^.*v1\//, '')
      .split('/');
    if (what === 'files' && method === 'POST') return this.#upload(type, body);
    if (what === 'files' && part === 'content') return this.#files.get(id as string) ?? null;
    if (what !== 'batches') return null;
    if (method === 'POST') return this.#submit(JSON.parse(body.toString()));
    if (id === undefined) return { object: 'list', data: this.#batches.toReversed().map(seen), has_more: false };
    const batch = this.#batches.find((one) => one.id === id);
    if (batch) batch.looks++;
    return batch ? seen(batch) : null;
  }

  async #upload(type: string, body: Buffer): Promise<object> {
    const form = await new Response(new Uint8Array(body), { headers: { 'content-type': type } }).formData();
    const id = `file-${randomUUID()}`;
    this.#files.set(id, await (form.get('file') as File).text());
    return { id, object: 'file', purpose: 'batch' };
  }

  #submit({ input_file_id, metadata }: { input_file_id: string; metadata: unknown }): object {
    const ids = [randomUUID(), randomUUID(), randomUUID()] as const;
    const [id, output_file_id, error_file_id] = [`batch-${ids[0]}`, `file-${ids[1]}`, `file-${ids[2]}`];
    const [output, errors]: [string[], string[]] = [[], []];
    for (const line of (this.#files.get(input_file_id) ?? '').trimEnd().split('\n')) {
      const { custom_id, body } = JSON.parse(line);
      const said = this.answer(body);
      const response = { status_code: said.status, body: said.body };
      // In no particular order, as the protocol says.
      (said.status === 200 ? output : errors).unshift(
        `${JSON.stringify({ id: randomUUID(), custom_id, response, error: null })}\n`,
      );
    }
    this.#files.set(output_file_id, output.join(''));
    this.#files.set(error_file_id, errors.join(''));
    const batch = { id, input_file_id, metadata, output_file_id, error_file_id, looks: 0 };
    this.#batches.push(batch);
    return seen(batch);
  }
}

function seen({ looks, output_file_id, error_file_id, ...batch }: Batch): object {
  const done = looks >= 2;
  return {
    ...batch,
    object: 'batch',
    status: done ? 'completed' : 'in_progress',
    ...(done ? { output_file_id, error_file_id } : {}),
  };
}
