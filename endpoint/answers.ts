import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The name of what is asked: a hash of its content, the same in every run. */
export function idOf(request: unknown): string {
  return createHash('sha256').update(JSON.stringify(request)).digest('hex');
}

/** Answers on disk, each under the hash of what was asked: a run that goes on asks nothing twice. */
export class Answers {
  constructor(private readonly folder: string) {}

  /** What was answered to this request, or undefined. A file that a crash cut short counts as none. */
  find(request: unknown): unknown {
    const file = this.#file(request);
    if (!existsSync(file)) return undefined;
    try {
      return JSON.parse(readFileSync(file, 'utf8')).answer;
    } catch {
      return undefined;
    }
  }

  /** Keeps an answer, whole or not at all, with its request beside it for whoever reads the cache. */
  keep(request: unknown, answer: unknown): void {
    const file = this.#file(request);
    mkdirSync(dirname(file), { recursive: true });
    const unfinished = `${file}.${process.pid}`;
    writeFileSync(unfinished, JSON.stringify({ request, answer }));
    renameSync(unfinished, file);
  }

  #file(request: unknown): string {
    const id = idOf(request);
    return join(this.folder, id.slice(0, 2), `${id}.json`);
  }
}
