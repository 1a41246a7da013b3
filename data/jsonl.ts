import { isUtf8 } from 'node:buffer';
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { Fault, reasonOf } from '../plan/fault.js';

const CHUNK_BYTES = 1 << 20;

/** One line of a text file; `line` counts from 1, `text` has no line break. */
export type Line = { readonly line: number; readonly text: string };

/** One line of a JSONL file; `line` counts from 1. */
export type JsonLine = { readonly line: number; readonly value: unknown };

/** A value as a message shows it: JSON on one line, cut at 60 characters. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

/**
 * The lines of a UTF-8 text file, plain or gzip (told by its first two bytes, whatever its name). A plain file is read
 * one mebibyte at a time; a gzip file is held whole in memory while it is read. A byte order mark and the `\r` of
 * `\r\n` are dropped.
 *
 * @throws Fault a file that is missing, unreadable, cut short (gzip) or not UTF-8.
 */
export function* readLines(path: string): Generator<Line, void> {
  let line = 0;
  let parts: Buffer[] = [];
  for (const chunk of readChunks(path)) {
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      parts.push(chunk.subarray(start, end));
      line++;
      yield { line, text: decode(parts, path, line) };
      parts = [];
      start = end + 1;
    }
    if (start < chunk.length) parts.push(chunk.subarray(start));
  }
  if (parts.length > 0) yield { line: line + 1, text: decode(parts, path, line + 1) };
}

/**
 * The values of a JSONL file (`.jsonl` or gzip), one a line; blank lines are passed over.
 *
 * @throws Fault as {@link readLines}, and for a line that is not JSON.
 */
export function* readJsonl(path: string): Generator<JsonLine, void> {
  for (const { line, text } of readLines(path)) {
    if (text.trim() === '') continue;
    yield { line, value: parse(text, path, line) };
  }
}

function parse(text: string, path: string, line: number): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message quotes the text again, line breaks and all; ours shows its start once.
    throw new Fault(`Expected JSON for ${path}:${line}, got ${shown(text)}. Correct or delete that line.`);
  }
}

function decode(parts: Buffer[], path: string, line: number): string {
  const bytes = parts.length === 1 ? parts[0]! : Buffer.concat(parts);
  if (!isUtf8(bytes)) {
    throw new Fault(`Expected UTF-8 text for ${path}:${line}, got other bytes. Save the file as UTF-8.`);
  }
  const last = bytes.length - 1;
  const text = bytes.toString('utf8', 0, bytes[last] === 13 ? last : bytes.length);
  return line === 1 && text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

function* readChunks(path: string): Generator<Buffer, void> {
  const file = orFault(path, () => openSync(path, 'r'));
  try {
    for (let first = true; ; first = false) {
      const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
      const size = orFault(path, () => readSync(file, chunk, 0, CHUNK_BYTES, null));
      if (size === 0) return;
      if (first && size >= 2 && chunk[0] === 0x1f && chunk[1] === 0x8b) {
        yield gunzip(path);
        return;
      }
      yield chunk.subarray(0, size);
    }
  } finally {
    closeSync(file);
  }
}

function gunzip(path: string): Buffer {
  const packed = orFault(path, () => readFileSync(path));
  try {
    return gunzipSync(packed);
  } catch (error) {
    throw new Fault(
      `Expected a whole gzip file for ${path}, got one with ${reasonOf(error)}. Fetch or write it again.`,
    );
  }
}

function orFault<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    const got = code === 'ENOENT' ? 'no file' : code === 'EISDIR' ? 'a folder' : reasonOf(error);
    throw new Fault(`Expected a readable file for ${path}, got ${got}. Check the path and its permissions.`);
  }
}
