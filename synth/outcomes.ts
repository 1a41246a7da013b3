import { join } from 'node:path';
import { z } from 'zod';
import { Journal } from '../endpoint/journal.js';
import { Fault } from '../plan/fault.js';

const entry = z.object({ key: z.string(), value: z.unknown() });
type Entry = z.output<typeof entry>;

const HEAD = 'synthesis';

/** What a synthesis made before it was stopped, by key, in `<folder>/journal.jsonl`. */
export class Outcomes {
  readonly #known = new Map<string, unknown>();
  readonly #journal: Journal<Entry>;

  /**
   * @param of what the outcomes belong to
   * @throws Fault a folder with outcomes of something else
   */
  constructor(folder: string, of: object) {
    this.#journal = new Journal<Entry>(join(folder, 'journal.jsonl'), {
      schema: entry,
      keyOf: ({ key }) => key,
      onRecord: ({ key, value }) => void this.#known.set(key, value),
    });
    const head = this.#known.get(HEAD);
    if (head !== undefined && JSON.stringify(head) !== JSON.stringify(of)) {
      this.close();
      throw new Fault(
        `Expected a synthesis of the same plan, prompts and documents in ${folder}, got one of others. ` +
          'Name a new folder with --out: what was answered is kept and costs nothing again.',
      );
    }
    this.#journal.add({ key: HEAD, value: of });
  }

  /** What was made for this key, else makes it, and writes it before it is given. */
  async once<T>(key: string, make: () => Promise<T>): Promise<T> {
    if (this.#known.has(key)) return this.#known.get(key) as T;
    const value = await make();
    this.#journal.add({ key, value });
    this.#known.set(key, value);
    return value;
  }

  close(): void {
    this.#journal.close();
  }
}
