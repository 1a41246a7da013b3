import { type FileHandle, open } from 'node:fs/promises';
import { z } from 'zod';
import { sourceNumbers } from '../../report/events.js';
import { columns, scanStep, type Text } from '../../report/step-line.js';
import { Steps } from '../../report/steps.js';

const CHUNK = 1 << 22;
// A step is some 200 bytes. A line that does not end must not fill the memory.
const LONGEST_LINE = 1 << 20;
// More sources than this are one line in a picture anyway.
const MOST_SOURCES = 1000;

const evaluation = z.object({
  eval: z.object({
    step: z.number(),
    set: z.string(),
    split: z.string().optional(),
    metrics: z.record(z.string(), z.number().nullable()),
  }),
});
const stepLine = z.looseObject({ step: z.int().nonnegative(), loss: z.number().nullable() });

/** The model in training, scored: a line of events.jsonl. */
export type Evaluation = z.output<typeof evaluation>['eval'];

/**
 * A run's events.jsonl, followed as it grows: each look reads only what was appended. Lines of other kinds are passed
 * over; those that are no JSON are counted, and the last one counts when its line break is there.
 */
export class EventLog {
  steps = new Steps();
  evaluations: Evaluation[] = [];
  /** Lines that could not be read, and the number of the first. */
  unread = { count: 0, first: 0 };
  #source = sourceNumbers(this.steps.sources, MOST_SOURCES);
  #offset = 0;
  #inode = -1;
  #lines = 0;
  #looking: Promise<void> = Promise.resolve();

  constructor(private readonly file: string) {}

  /** Reads what was appended since the last look. Nothing where there is no file. */
  look(): Promise<void> {
    this.#looking = this.#looking.then(() => this.#read());
    return this.#looking;
  }

  async #read(): Promise<void> {
    let handle: FileHandle;
    try {
      handle = await open(this.file, 'r');
    } catch {
      this.#forget();
      return;
    }
    try {
      const { size, ino } = await handle.stat();
      // A resumed run writes its file anew.
      if (ino !== this.#inode || size < this.#offset) this.#forget();
      this.#inode = ino;
      const buffer = Buffer.allocUnsafe(Math.min(CHUNK, Math.max(1, size - this.#offset)));
      while (this.#offset < size) {
        const { bytesRead } = await handle.read(buffer, 0, buffer.length, this.#offset);
        if (bytesRead === 0) break;
        const used = this.#lineByLine(buffer, bytesRead);
        this.#offset += used;
        if (used === 0) {
          if (bytesRead < LONGEST_LINE) break;
          this.#offset += bytesRead;
          this.#cannotRead();
        }
      }
    } finally {
      await handle.close();
    }
  }

  #forget(): void {
    this.steps = new Steps();
    this.evaluations = [];
    this.unread = { count: 0, first: 0 };
    this.#source = sourceNumbers(this.steps.sources, MOST_SOURCES);
    [this.#offset, this.#lines, this.#inode] = [0, 0, -1];
  }

  /** Takes the whole lines of a chunk and says how many bytes they were. */
  #lineByLine(buffer: Buffer, length: number): number {
    const values = new Float64Array(columns.length);
    const text: Text = { start: 0, end: 0 };
    let start = 0;
    for (;;) {
      const end = buffer.indexOf(10, start);
      if (end < 0 || end >= length) return start;
      const lineEnd = end > start && buffer[end - 1] === 13 ? end - 1 : end;
      this.#lines++;
      if (scanStep(buffer, start, lineEnd, values, text)) {
        this.#add(values, this.#source(buffer.subarray(text.start, text.end)));
      } else if (lineEnd > start) this.#parse(buffer.toString('utf8', start, lineEnd));
      start = end + 1;
    }
  }

  #add(values: Float64Array, source: number): void {
    const step = values[0] as number;
    while ((this.evaluations.at(-1)?.step ?? -1) >= step) this.evaluations.pop();
    this.steps.push(values, source);
  }

  /** A line in another form than a step's usual one. */
  #parse(line: string): void {
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      this.#cannotRead();
      return;
    }
    const scored = evaluation.safeParse(value);
    const step = stepLine.safeParse(value);
    if (scored.success) this.evaluations.push(scored.data.eval);
    else if (step.success) {
      const given: Record<string, unknown> = step.data;
      const number = (name: string): number => (typeof given[name] === 'number' ? given[name] : Number.NaN);
      const source = Buffer.from(typeof given.source === 'string' ? given.source : '');
      this.#add(Float64Array.from(columns, number), this.#source(source));
    }
  }

  #cannotRead(): void {
    if (this.unread.count++ === 0) this.unread.first = this.#lines;
  }
}
