import { createReadStream, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { z } from 'zod';
import { writeWhole } from '../plan/whole-file.js';
import { idOf } from './answers.js';
import { Failure, failedWith } from './failure.js';

/** A line of a requests file, by OpenAI's Batch API. */
export interface BatchLine {
  /** The call. */
  readonly custom_id: string;
  readonly method: 'POST';
  readonly url: string;
  readonly body: Readonly<Record<string, unknown>>;
}

const answerLine = z.object({
  custom_id: z.string(),
  response: z.object({ status_code: z.int(), body: z.unknown() }).nullish(),
  error: z.object({ code: z.string().nullish(), message: z.string().nullish() }).nullish(),
});

/** A folder of batches: `NAME.requests.jsonl`, and `NAME.answers.jsonl` beside it once it is answered. */
export class BatchFiles {
  constructor(readonly folder: string) {
    mkdirSync(folder, { recursive: true });
  }

  names(): string[] {
    return readdirSync(this.folder)
      .filter((file) => file.endsWith('.requests.jsonl'))
      .map((file) => file.replace('.requests.jsonl', ''))
      .sort();
  }

  requests(name: string): string {
    return join(this.folder, `${name}.requests.jsonl`);
  }

  answers(name: string): string {
    return join(this.folder, `${name}.answers.jsonl`);
  }

  isAnswered(name: string): boolean {
    return existsSync(this.answers(name));
  }

  /** Writes a requests file, whole or not at all. @returns its name, after what is in it and how many were before it */
  write(lines: readonly BatchLine[]): string {
    const name = idOf([this.names().length, ...lines.map(({ custom_id }) => custom_id)]).slice(0, 16);
    writeWhole(this.requests(name), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    return name;
  }

  /** The calls that a requests file asks. */
  async calls(name: string): Promise<string[]> {
    const calls: string[] = [];
    for await (const line of linesOf(this.requests(name))) calls.push(JSON.parse(line).custom_id);
    return calls;
  }

  /** What was answered, call by call. */
  async *outcomes(name: string): AsyncGenerator<{ readonly call: string; readonly outcome: unknown | Failure }, void> {
    for await (const line of linesOf(this.answers(name))) {
      const { custom_id: call, response, error } = answerLine.parse(JSON.parse(line));
      if (response?.status_code === 200) yield { call, outcome: response.body };
      else if (response) yield { call, outcome: failedAs(response.status_code, response.body) };
      else yield { call, outcome: new Failure(`${error?.code}: ${error?.message}`, { what: 'again', paid: false }) };
    }
  }
}

const errorBody = z.object({ error: z.object({ code: z.unknown() }) });

function failedAs(status: number, body: unknown): Failure {
  const parsed = errorBody.safeParse(body);
  return failedWith(status, JSON.stringify(body), parsed.success ? parsed.data.error.code : null);
}

async function* linesOf(file: string): AsyncGenerator<string, void> {
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line.trim() !== '') yield line;
  }
}
