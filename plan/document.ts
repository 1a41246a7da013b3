import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { Fault, reasonOf } from './fault.js';
import { didYouMean } from './nearest.js';

export type Path = readonly (string | number)[];

/** A spot in what the user wrote: a line and column of a file, or a `--set` argument. */
export interface Place {
  readonly where: string;
  /** Sorts faults into the order of the file; `--set` arguments come after it. */
  readonly order: number;
  /** The text that was written there. */
  readonly source: string;
}

/** One thing wrong, and where. */
export interface FaultLine {
  readonly place: Place;
  readonly text: string;
}

/** A parsed YAML file: its value, and where each path of it stands. */
export interface PlanDocument {
  readonly value: Record<string, unknown>;
  /** Duplicate keys: the file can still be read, so they are told together with the rest. */
  readonly faults: readonly FaultLine[];
  /** The place of a path's value or key; undefined where the file has no such path. */
  place(path: Path, part: 'key' | 'value'): Place | undefined;
}

// A plan is a page of text; a larger file is a data file given by mistake.
const LARGEST = 1 << 20;

/** The fault that tells all lines at once, in file order, each once. */
export function faultOf(lines: readonly FaultLine[]): Fault {
  const sorted = lines.toSorted((a, b) => a.place.order - b.place.order);
  return new Fault([...new Set(sorted.map(({ place, text }) => oneLine(`${place.where} ${text}`)))].join('\n'));
}

/** A text whose line breaks and other control characters are spelt out, so that a fault stays on its line. */
export function oneLine(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, (character) => JSON.stringify(character).slice(1, -1));
}

/** Reads a YAML file that must hold a mapping. Throws one Fault that names every syntax error. */
export function readDocument(file: string): PlanDocument {
  const text = readText(file);
  const lines = new LineCounter();
  const placeAt = (start: number, end = start): Place => {
    const { line, col } = lines.linePos(start);
    return { where: `${file}:${Math.max(line, 1)}:${Math.max(col, 1)}`, order: start, source: text.slice(start, end) };
  };
  const fail = (place: Place, what: string) => faultOf([{ place, text: what }]);

  let document: Document.Parsed;
  let value: unknown;
  try {
    document = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: 'error' });
  } catch (error) {
    throw fail(placeAt(0), `expected valid YAML, got a text that cannot be parsed (${reasonOf(error)}).`);
  }
  const problems = [...document.errors, ...document.warnings].map(({ code, message, pos }) => ({
    repeated: code === 'DUPLICATE_KEY',
    place: placeAt(pos[0], pos[1]),
    text:
      code === 'DUPLICATE_KEY'
        ? `${wordAt(text, pos[0])}: expected each key once, got it a second time. Remove one of the two.`
        : `expected valid YAML, got an error: ${message.split('\n')[0]?.replace(/[.:]?$/, '.')}`,
  }));
  if (problems.some((problem) => !problem.repeated)) throw faultOf(problems);
  try {
    value = document.toJS();
  } catch (error) {
    throw fail(placeAt(0), `expected valid YAML, got an error: ${reasonOf(error)}.`);
  }
  if (value === null || value === undefined) throw fail(placeAt(0), 'expected a plan, got an empty file.');
  if (typeof value !== 'object' || Array.isArray(value)) {
    const start = document.contents?.range?.[0] ?? 0;
    throw fail(
      placeAt(start),
      `expected a mapping of keys to values, got ${Array.isArray(value) ? 'a list' : 'text'}.`,
    );
  }
  return {
    value: value as Record<string, unknown>,
    faults: problems,
    place(path, part) {
      const found = find(document, path);
      const node = (part === 'key' ? found?.key : found?.value) ?? found?.key ?? found?.value;
      return node?.range ? placeAt(node.range[0], node.range[1]) : undefined;
    },
  };
}

/** A file's text. Throws a Fault for a missing file, a folder, a data file or binary data. */
function readText(file: string): string {
  let bytes: Buffer;
  try {
    const { size } = statSync(file);
    if (size > LARGEST) {
      throw new Fault(`${file}: expected a plan of at most 1 MiB, got ${size} bytes. Give the YAML file of a plan.`);
    }
    bytes = readFileSync(file);
  } catch (error) {
    if (error instanceof Fault) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') {
      throw new Fault(`${file}: expected a plan file, got no such file.${sibling(file) || ' Check the path.'}`);
    }
    if (code === 'EISDIR') throw new Fault(`${file}: expected a plan file, got a folder. Name a YAML file in it.`);
    throw new Fault(`${file}: expected a readable plan file, got ${code ?? reasonOf(error)}. Check the path.`);
  }
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    if (!text.includes('\0')) return text;
  } catch {
    // Told below, with the NUL bytes.
  }
  throw new Fault(`${file}:1:1 expected a YAML text in UTF-8, got binary data. Give the YAML file of a plan.`);
}

/** What the user may have meant by a file that is not there: a plan beside it with a similar name. */
export function sibling(file: string): string {
  try {
    const folder = dirname(file);
    const plans = readdirSync(folder).filter((name) => /\.ya?ml$/.test(name));
    return didYouMean(basename(file), plans).replace(/"(.*)"/, (_, name: string) => `"${join(folder, name)}"`);
  } catch {
    return '';
  }
}

/** The key and value nodes of a path, aliases followed on the way to it. */
function find(document: Document.Parsed, path: Path): { key?: Node | undefined; value?: Node | undefined } | undefined {
  let value: unknown = document.contents;
  let key: Node | undefined;
  for (const part of path) {
    const inner = isAlias(value) ? value.resolve(document) : value;
    if (isMap(inner)) {
      // The last of duplicate keys is the one whose value counts.
      const pair = inner.items.findLast((item) => keyText(item.key) === String(part));
      if (!pair) return undefined;
      key = pair.key as Node;
      value = pair.value;
    } else if (isSeq(inner) && inner.items[Number(part)] !== undefined) {
      key = undefined;
      value = inner.items[Number(part)];
    } else return undefined;
  }
  return { key, value: (value as Node | null) ?? undefined };
}

function keyText(key: unknown): string {
  return isScalar(key) ? String(key.value ?? '') : String(key);
}

function wordAt(text: string, offset: number): string {
  return /^["']?[^\s:,{}"']*/.exec(text.slice(offset, offset + 80))?.[0].replace(/^["']/, '') || 'a key';
}
