import { existsSync, realpathSync } from 'node:fs';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { type FaultLine, faultOf, type Path, type PlanDocument, readDocument, sibling } from './document.js';

/**
 * Reads a YAML file and lays it over the file that its `base` names (from its own folder), and that over its base in
 * turn. Mappings are laid into each other, key by key, unless they have another `type`; anything else takes the place of
 * what is under it. Throws a Fault for a base that is not there, or that leads back to a file before it.
 */
export function readBasedDocument(file: string, leading: readonly string[] = []): PlanDocument {
  const document = readDocument(file);
  if (!Object.hasOwn(document.value, 'base')) return document;
  const fail = (text: string) => faultOf([faultAt(document, text)]);
  const { base, ...own } = document.value;
  if (typeof base !== 'string' || base === '')
    throw fail('base: expected a plan file. Name one, from this file’s folder.');
  const under = isAbsolute(base) ? base : join(dirname(file), base);
  if (!existsSync(under)) {
    throw fail(
      `base: expected a plan file, got ${JSON.stringify(base)}: there is no ${under}.${sibling(under) || ' Check the path.'}`,
    );
  }
  const way = [...leading, file];
  if (way.some((before) => realpathSync(before) === realpathSync(under))) {
    const circle = [...way, under].map((one) => basename(one)).join(' → ');
    throw fail(`base: expected a plan that does not lead back here, got ${circle}. Remove one base.`);
  }
  const lower = readBasedDocument(under, way);
  const nameless = Object.hasOwn(own, 'name')
    ? []
    : [faultAt(document, `name: expected a name beside base, got none. Write one: it names the folder.`)];
  return {
    value: laidOver(lower.value, own),
    faults: [...lower.faults, ...document.faults, ...nameless],
    place(path, part) {
      const found = document.place(path, part);
      if (found || !reaches(lower.value, own, path)) return found;
      const below = lower.place(path, part);
      // Faults are told file by file, those of the lowest first.
      return below && { ...below, order: below.order - FILE };
    },
  };
}

// More than the places in a file: see LARGEST in document.ts.
const FILE = 1 << 21;

function faultAt(document: PlanDocument, text: string): FaultLine {
  const place = document.place(['base'], 'key');
  return { place: place ?? { where: '', order: 0, source: '' }, text };
}

type Mapping = Readonly<Record<string, unknown>>;

function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function goIntoEachOther(under: unknown, over: unknown): boolean {
  if (!isMapping(under) || !isMapping(over)) return false;
  return !Object.hasOwn(over, 'type') || !Object.hasOwn(under, 'type') || over.type === under.type;
}

function laidOver(under: Mapping, over: Mapping): Record<string, unknown> {
  const laid: Record<string, unknown> = { ...under };
  for (const [key, value] of Object.entries(over)) {
    const below = Object.hasOwn(under, key) ? under[key] : undefined;
    laid[key] = goIntoEachOther(below, value) ? laidOver(below as Mapping, value as Mapping) : value;
  }
  return laid;
}

/** Whether what a path names can come from below: all above it are mappings that were laid into each other. */
function reaches(under: unknown, over: unknown, path: Path): boolean {
  const [head, ...rest] = path;
  if (head === undefined || over === undefined) return true;
  if (!goIntoEachOther(under, over)) return false;
  const inner = (value: unknown): unknown =>
    Object.hasOwn(value as object, head) ? (value as Mapping)[head] : undefined;
  return reaches(inner(under), inner(over), rest);
}
