import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { packageRoot } from '../../plan/places.js';
import type { SearchLine } from '../protocol.js';
import type { Asked, Said } from './process.js';

// It is started compiled, also where we run from the sources: a process has no loader of TypeScript.
const program = join(packageRoot, 'dist/board/search/process.js');

/** Asks models, in a process that is started with the first question. */
export class Search {
  #child: ChildProcess | undefined;
  #asked = 0;
  readonly #waiting = new Map<number, (line: SearchLine) => void>();

  /** Puts a question; `say` gets lines on how far it is, and at last what was found, or the fault. */
  ask(question: Omit<Asked, 'number'>, say: (line: SearchLine) => void): Promise<void> {
    const number = ++this.#asked;
    return new Promise((done) => {
      this.#waiting.set(number, (line) => {
        say(line);
        if ('progress' in line) return;
        this.#waiting.delete(number);
        done();
      });
      this.#start().send({ number, ...question } satisfies Asked);
    });
  }

  close(): void {
    this.#child?.disconnect();
  }

  #start(): ChildProcess {
    if (this.#child) return this.#child;
    const child = fork(program, { execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    child.on('message', ({ number, ...line }: Said) => this.#waiting.get(number)?.(line as SearchLine));
    child.on('exit', (code, signal) => {
      this.#child = undefined;
      const fault = `The search ended early (${signal ?? `exit code ${code}`}); memory may have run out. Ask again.`;
      for (const tell of [...this.#waiting.values()]) tell({ fault });
    });
    this.#child = child;
    return child;
  }
}
