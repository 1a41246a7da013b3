import { z } from 'zod';
import { choicesOf, expectation, keysOf, pathsTo, schemaAt } from './describe.js';
import type { FaultLine, Path, Place } from './document.js';
import { didYouMean, nearest } from './nearest.js';
import type { Layered } from './override.js';

/** Judges a value by a schema: the value with its defaults, or every fault with its place. */
export function check<T extends z.ZodType>(
  schema: T,
  layered: Layered,
): { value: z.output<T> } | { faults: FaultLine[] } {
  const result = z.safeParse(schema, layered.value);
  if (result.success) return { value: result.data };
  const issues = result.error.issues;
  // A misspelt key also leaves the right one missing; it is told once.
  const meant = new Set(
    issues.flatMap((issue) => (issue.code === 'unrecognized_keys' ? meantKeys(schema, layered.value, issue) : [])),
  );
  const faults = issues.flatMap((issue) => {
    const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part));
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({
        place: spot(layered, [...path, key], 'key'),
        text: unknownKey(schema, layered.value, path, key),
      }));
    }
    if (meant.has(path.join('.')) && valueAt(layered.value, path) === undefined) return [];
    if (issue.code === 'custom') {
      return [{ place: spot(layered, path, 'value'), text: `${path.join('.')}: ${issue.message}` }];
    }
    return [wrongValue(schema, layered, path)];
  });
  return { faults };
}

type UnknownKeys = z.core.$ZodIssueUnrecognizedKeys;

function meantKeys(schema: z.core.$ZodType, value: unknown, { path, keys }: UnknownKeys): string[] {
  const known = keysOf(schemaAt(schema, path as Path, value));
  return keys.flatMap((key) => [...path, nearest(key, known) ?? key].join('.'));
}

function unknownKey(schema: z.core.$ZodType, plan: unknown, path: Path, key: string): string {
  const known = keysOf(schemaAt(schema, path, plan));
  const depth = (dotted: string): number => dotted.split('.').length;
  // Where several parts have such a key, the one that lies highest is the likeliest.
  const elsewhere = pathsTo(schema, key)
    .filter((other) => other !== [...path, key].join('.'))
    .sort((a, b) => depth(a) - depth(b));
  const advice =
    didYouMean(key, known) ||
    (elsewhere.length > 0 ? ` Did you mean "${elsewhere[0]}"?` : ` Known here: ${known.join(', ')}.`);
  return `${[...path, key].join('.')}: unknown key.${advice}`;
}

function wrongValue(schema: z.core.$ZodType, layered: Layered, path: Path): FaultLine {
  const wanted = schemaAt(schema, path, layered.value) ?? schema;
  const value = valueAt(layered.value, path);
  const place = value === undefined ? spot(layered, path.slice(0, -1), 'key') : spot(layered, path, 'value');
  const choices = choicesOf(wanted);
  const advice =
    typeof value === 'string' && choices.length > 0 ? didYouMean(value, choices) : rewrite(wanted, value, place);
  return { place, text: `${path.join('.')}: expected ${expectation(wanted)}, got ${shown(value)}.${advice}` };
}

/** How to write what was probably meant, where the value is right but YAML read it as another type. */
function rewrite(schema: z.core.$ZodType, value: unknown, place: Place): string {
  const fits = (candidate: unknown) => z.safeParse(schema, candidate).success;
  const number = typeof value === 'string' ? value.trim().replaceAll(/(?<=\d)[_,](?=\d{3})/g, '') : '';
  if (number !== '' && fits(Number(number))) return ` Write it as ${number}.`;
  if (typeof value !== 'string' && value !== undefined && !place.source.includes('\n') && fits(place.source)) {
    return place.source === '' ? '' : ` Write it in quotes: ${JSON.stringify(place.source)}.`;
  }
  return '';
}

function spot(layered: Layered, path: Path, part: 'key' | 'value'): Place {
  const found = layered.place(path, part);
  return found ?? (path.length > 0 ? spot(layered, path.slice(0, -1), 'key') : { where: '', order: 0, source: '' });
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((holder, part) => (holder as Record<string, unknown> | undefined)?.[part], value);
}

/** A value as a fault shows it: short, and on one line. */
function shown(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : `a list of ${value.length}`;
  if (typeof value === 'object') return 'a mapping';
  if (typeof value !== 'string') return String(value);
  return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
}
