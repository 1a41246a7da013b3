import { hash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeWhole } from '../plan/whole-file.js';

/** The name of what is asked: a hash of its content, the same in every run. */
export function idOf(request: unknown): string {
  return hash('sha256', JSON.stringify(request));
}

/** Answers on disk, each under {@link idOf} of what was asked: a run that goes on asks nothing twice. */
export class Answers {
  constructor(private readonly folder: string) {}

  /** What was answered to this call, or undefined. A file that a crash cut short counts as none. */
  find(call: string): unknown {
    const file = this.#file(call);
    if (!existsSync(file)) return undefined;
    try {
      return JSON.parse(readFileSync(file, 'utf8')).answer;
    } catch {
      return undefined;
    }
  }

  /** Keeps an answer, whole or not at all, with its request beside it for whoever reads the cache. */
  keep(call: string, request: unknown, answer: unknown): void {
    writeWhole(this.#file(call), JSON.stringify({ request, answer }));
  }

  #file(call: string): string {
    return join(this.folder, call.slice(0, 2), `${call}.json`);
  }
}
