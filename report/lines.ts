import { closeSync, openSync, readSync } from 'node:fs';

const CHUNK = 1 << 22;

/**
 * Calls back with each line of a file and its number from 1, a few megabytes in memory at a time: a string holds half a
 * gigabyte at most. `last` where the line does not end in a line break, so that it may have been cut short.
 */
export function eachLine(path: string, onLine: (line: string, number: number, last: boolean) => void): void {
  const file = openSync(path, 'r');
  try {
    let number = 0;
    let rest = Buffer.alloc(0);
    const chunk = Buffer.allocUnsafe(CHUNK);
    for (let read = readSync(file, chunk); read > 0; read = readSync(file, chunk)) {
      const part = chunk.subarray(0, read);
      const end = part.lastIndexOf(10);
      if (end < 0) {
        rest = Buffer.concat([rest, part]);
        continue;
      }
      const lines = Buffer.concat([rest, part.subarray(0, end)])
        .toString('utf8')
        .split('\n');
      for (const line of lines) onLine(line, ++number, false);
      rest = Buffer.from(part.subarray(end + 1));
    }
    if (rest.length > 0) onLine(rest.toString('utf8'), number + 1, true);
  } finally {
    closeSync(file);
  }
}
