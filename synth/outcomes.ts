import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { Journal, readJournal } from '../endpoint/journal.js';
import { Fault } from '../plan/fault.js';
import type { SynthesisPlan } from '../plan/synthesis.js';
import type { Documents } from './documents.js';
import type { Prompts } from './prompts.js';

const entry = z.object({ key: z.string(), value: z.unknown() });
type Entry = z.output<typeof entry>;

const HEAD = 'synthesis';
const fileOf = (folder: string): string => join(folder, 'journal.jsonl');

/** What decides the records of a synthesis: not where a model runs, nor what it may cost. */
export function decisive(
  { endpoint, judging, run: _run, ...plan }: SynthesisPlan,
  prompts: Prompts,
  documents: Documents | null,
): object {
  const { endpoint: judge, ...bounds } = judging;
  const rest = { ...plan, judging: bounds, models: [endpoint?.model ?? null, judge?.model ?? null] };
  // As it comes back from a file: without what is undefined.
  return JSON.parse(JSON.stringify({ plan: rest, prompts: prompts.hashes, documents: documents?.hash ?? null }));
}

/** What a synthesis made so far, by key, read alone; nothing where the folder has none, or one of something else. */
export function outcomesSoFar(folder: string, of: object): ReadonlyMap<string, unknown> {
  const known = new Map<string, unknown>();
  const file = fileOf(folder);
  if (!existsSync(file)) return known;
  readJournal(file, (line) => {
    const { key, value } = entry.parse(line);
    known.set(key, value);
  });
  return JSON.stringify(known.get(HEAD)) === JSON.stringify(of) ? known : new Map();
}

/** What a synthesis made before it was stopped, by key, in `<folder>/journal.jsonl`. */
export class Outcomes {
  readonly #known = new Map<string, unknown>();
  readonly #journal: Journal<Entry>;

  /**
   * @param of what the outcomes belong to
   * @throws Fault a folder with outcomes of something else
   */
  constructor(folder: string, of: object) {
    this.#journal = new Journal<Entry>(fileOf(folder), {
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
