import { isUtf8 } from 'node:buffer';
import { FaultLog } from './fault-log.js';
import { readChunks } from './read/chunks.js';

// A line is held whole. Texts are far shorter; a file of one endless line must not fill the memory.
const LONGEST_LINE = 1 << 26;

/** One line of a text file; `line` counts from 1, `text` has no line break. */
export type Line = { readonly line: number; readonly text: string };

/** One line of a JSONL file; `line` counts from 1. */
export type JsonLine = { readonly line: number; readonly value: unknown };

/** A value as a message shows it: JSON on one line, cut at 60 characters. */
export function shown(value: unknown): string {
  const text = typeof value === 'bigint' ? String(value) : (JSON.stringify(value) ?? String(value));
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

/**
 * The lines of a UTF-8 text file, plain, gzip or zstd (told by its first bytes, whatever its name), read a chunk at a
 * time. A byte order mark and the `\r` of `\r\n` are dropped. A line that is not UTF-8, or longer than 64 MiB, is
 * reported to `faults`.
 *
 * @throws Fault a file that is missing, unreadable, or cut short (gzip, zstd).
 */
export function* readLines(path: string, faults = new FaultLog('stop')): Generator<Line, void> {
  let line = 1;
  let parts: Uint8Array[] = [];
  let bytes = 0;
  const hold = (part: Uint8Array): void => {
    const before = bytes;
    bytes += part.length;
    if (bytes <= LONGEST_LINE) parts.push(part);
    else {
      parts = [];
      if (before <= LONGEST_LINE) {
        faults.report(
          'line too long',
          `Expected a line of at most 64 MiB for ${path}:${line}, got a longer one. Write one JSON object a line.`,
        );
      }
    }
  };
  const take = function* (): Generator<Line, void> {
    const text = bytes <= LONGEST_LINE ? decode(parts, path, line, faults) : null;
    if (text !== null) yield { line, text };
    line++;
    [parts, bytes] = [[], 0];
  };
  for (const chunk of readChunks(path)) {
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      hold(chunk.subarray(start, end));
      yield* take();
      start = end + 1;
    }
    if (start < chunk.length) hold(chunk.subarray(start));
  }
  if (bytes > 0) yield* take();
}

/**
 * The values of a JSONL file (plain, gzip or zstd), one a line; blank lines are passed over. A line that is not JSON is
 * reported to `faults`.
 *
 * @throws Fault as {@link readLines}.
 */
export function* readJsonl(path: string, faults = new FaultLog('stop')): Generator<JsonLine, void> {
  for (const { line, text } of readLines(path, faults)) {
    if (text.trim() === '') continue;
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      // The parser's own message quotes the text again, line breaks and all; ours shows its start once.
      faults.report('not JSON', `Expected JSON for ${path}:${line}, got ${shown(text)}. Correct or delete that line.`);
      continue;
    }
    yield { line, value };
  }
}

function decode(parts: Uint8Array[], path: string, line: number, faults: FaultLog): string | null {
  const whole = parts.length === 1 ? parts[0]! : Buffer.concat(parts);
  const bytes = Buffer.from(whole.buffer, whole.byteOffset, whole.byteLength);
  if (!isUtf8(bytes)) {
    faults.report('not UTF-8', `Expected UTF-8 text for ${path}:${line}, got other bytes. Save the file as UTF-8.`);
    return null;
  }
  const last = bytes.length - 1;
  const text = bytes.toString('utf8', 0, bytes[last] === 13 ? last : bytes.length);
  return line === 1 && text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}
