import { closeSync, existsSync, fsyncSync, ftruncateSync, mkdirSync, openSync, readSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { z } from 'zod';
import { Fault, reasonOf } from '../plan/fault.js';
import { lock } from '../plan/lock.js';

/**
 * A JSONL file that grows by one record at a time, each written once: whatever moment the process is killed at, the next
 * one goes on with the records that are whole.
 */
export class Journal<T> {
  readonly #seen = new Set<string>();
  readonly #file: number;
  readonly #release: () => void;
  readonly #keyOf: (record: T) => string;

  /**
   * Opens a file, or makes it, for this process alone. A last line without its end, as a kill leaves it, is dropped: its
   * record was not yet written, and will be.
   *
   * @param options.keyOf names a record: one whose name was written is not written again
   * @param options.onRecord gets each record that is there, in order
   * @throws Fault a line that is no record; a file that cannot be opened; another process that writes to it
   */
  constructor(
    readonly path: string,
    {
      schema,
      keyOf,
      onRecord = () => {},
    }: {
      readonly schema: z.ZodType<T>;
      readonly keyOf: (record: T) => string;
      readonly onRecord?: (record: T) => void;
    },
  ) {
    mkdirSync(dirname(path), { recursive: true });
    this.#keyOf = keyOf;
    const take = (line: unknown): void => {
      const record = schema.parse(line);
      this.#seen.add(keyOf(record));
      onRecord(record);
    };
    this.#release = lock(`${path}.lock`, path);
    try {
      const whole = existsSync(path) ? readJournal(path, take) : 0;
      this.#file = openSync(path, 'a');
      ftruncateSync(this.#file, whole);
    } catch (error) {
      this.#release();
      throw error;
    }
  }

  has(key: string): boolean {
    return this.#seen.has(key);
  }

  get size(): number {
    return this.#seen.size;
  }

  /** Writes a record before it returns. @returns whether it was not there yet */
  add(record: T): boolean {
    const key = this.#keyOf(record);
    if (this.#seen.has(key)) return false;
    const line = Buffer.from(`${JSON.stringify(record)}\n`);
    for (let at = 0; at < line.length; ) at += writeSync(this.#file, line, at);
    this.#seen.add(key);
    return true;
  }

  close(): void {
    fsyncSync(this.#file);
    closeSync(this.#file);
    this.#release();
  }
}

/** Reads a journal line by line, as far as its lines are whole. @returns the bytes up to there @throws Fault a line that is no record */
export function readJournal(path: string, onRecord: (line: unknown) => void): number {
  const file = openSync(path, 'r');
  try {
    const chunk = Buffer.alloc(1 << 20);
    let parts: Buffer[] = [];
    let [whole, at, line] = [0, 0, 0];
    for (
      let bytes = readSync(file, chunk, 0, chunk.length, at);
      bytes > 0;
      bytes = readSync(file, chunk, 0, chunk.length, at)
    ) {
      let start = 0;
      for (let end = chunk.indexOf(10); end >= 0 && end < bytes; end = chunk.indexOf(10, start)) {
        const text = Buffer.concat([...parts, chunk.subarray(start, end)]).toString();
        parts = [];
        line++;
        try {
          onRecord(JSON.parse(text));
        } catch (error) {
          throw new Fault(
            `Expected a record that we wrote for ${path}:${line}, got another (${reasonOf(error)}). Delete that line.`,
          );
        }
        start = end + 1;
        whole = at + start;
      }
      parts.push(Buffer.from(chunk.subarray(start, bytes)));
      at += bytes;
    }
    return whole;
  } finally {
    closeSync(file);
  }
}
