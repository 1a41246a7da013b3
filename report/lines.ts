import { closeSync, openSync, readSync } from 'node:fs';

const CHUNK = 1 << 22;

/** A line of a file: its bytes from `start` up to `end`, without its line break, until the callback returns. */
export interface Line {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
  /** From 1. */
  readonly number: number;
  /** It does not end in a line break, so that it may have been cut short. */
  readonly last: boolean;
}

/** Calls back with each line of a file, a few megabytes in memory at a time: a string holds half a gigabyte at most. */
export function eachLine(path: string, onLine: (line: Line) => void): void {
  const file = openSync(path, 'r');
  try {
    let number = 0;
    let rest = Buffer.alloc(0);
    const chunk = Buffer.allocUnsafe(CHUNK);
    for (let read = readSync(file, chunk); read > 0; read = readSync(file, chunk)) {
      const part = chunk.subarray(0, read);
      if (!part.includes(10)) {
        rest = Buffer.concat([rest, part]);
        continue;
      }
      const bytes = rest.length > 0 ? Buffer.concat([rest, part]) : part;
      let start = 0;
      for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, start)) {
        onLine({ bytes, start, end: withoutReturn(bytes, start, end), number: ++number, last: false });
        start = end + 1;
      }
      rest = Buffer.from(bytes.subarray(start));
    }
    if (rest.length > 0) onLine({ bytes: rest, start: 0, end: rest.length, number: number + 1, last: true });
  } finally {
    closeSync(file);
  }
}

function withoutReturn(bytes: Buffer, start: number, end: number): number {
  return end > start && bytes[end - 1] === 13 ? end - 1 : end;
}
