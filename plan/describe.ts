import { z } from 'zod';
import type { Path } from './document.js';

/**
 * The part of a schema that a path leads to; undefined where the schema has no such path. Where a mapping's `type`
 * chooses its shape, the value says which.
 */
export function schemaAt(schema: z.core.$ZodType, path: Path, value: unknown): z.core.$ZodType | undefined {
  const [head, ...rest] = path;
  if (head === undefined) return chosenOf(schema, value) ?? schema;
  const inner = bare(chosenOf(schema, value) ?? schema);
  if (inner instanceof z.ZodDiscriminatedUnion) return head === inner.def.discriminator ? typesOf(inner) : undefined;
  let next: z.core.$ZodType | undefined;
  if (inner instanceof z.ZodObject) next = Object.hasOwn(inner.shape, head) ? inner.shape[head] : undefined;
  else if (inner instanceof z.ZodArray) next = inner.element;
  else if (inner instanceof z.ZodTuple) next = inner.def.items[Number(head)];
  else if (inner instanceof z.ZodRecord) next = inner.valueType;
  return next && schemaAt(next, rest, (value as Record<string | number, unknown> | null | undefined)?.[head]);
}

/** The shape that a mapping's `type` chooses; undefined where there is no choice, or a wrong one was made. */
function chosenOf(schema: z.core.$ZodType, value: unknown): z.core.$ZodType | undefined {
  const union = bare(schema);
  if (!(union instanceof z.ZodDiscriminatedUnion)) return undefined;
  const type = (value as Record<string, unknown> | null | undefined)?.[union.def.discriminator];
  return union.options.find((option) => typeIn(union, option).safeParse(type).success);
}

function typeIn({ def }: z.ZodDiscriminatedUnion, option: z.core.$ZodType): z.ZodType {
  return (bare(option) as z.ZodObject).shape[def.discriminator] as z.ZodType;
}

/** The types that a mapping may have, as one choice. */
function typesOf(union: z.ZodDiscriminatedUnion): z.core.$ZodType {
  return z.enum(union.options.flatMap((option) => choicesOf(typeIn(union, option))));
}

/** The keys a mapping may have; none for anything else. */
export function keysOf(schema: z.core.$ZodType | undefined): string[] {
  const inner = schema && bare(schema);
  return inner instanceof z.ZodObject ? Object.keys(inner.shape) : [];
}

/** The dotted paths at which a schema has this key, lists left out. */
export function pathsTo(schema: z.core.$ZodType, key: string): string[] {
  const inner = bare(schema);
  if (inner instanceof z.ZodDiscriminatedUnion) return inner.options.flatMap((option) => pathsTo(option, key));
  if (!(inner instanceof z.ZodObject)) return [];
  return Object.entries(inner.shape).flatMap(([name, child]) => [
    ...(name === key ? [name] : []),
    ...pathsTo(child as z.core.$ZodType, key).map((rest) => `${name}.${rest}`),
  ]);
}

/** The words a value may be chosen from; none where it is not a choice. */
export function choicesOf(schema: z.core.$ZodType): string[] {
  const inner = bare(schema);
  if (inner instanceof z.ZodEnum) return inner.options.map(String);
  return inner instanceof z.ZodLiteral ? [...inner.values].map(String) : [];
}

/** What a schema wants, as words that follow "expected": `a positive integer`, `one of "mean", "cls"`. */
export function expectation(schema: z.core.$ZodType): string {
  const inner = bare(schema);
  const orNull = z.safeParse(schema, null).success ? ' or null' : '';
  return `${kind(inner)}${orNull}`;
}

/** A schema without its defaults and its `nullable`. */
function bare(schema: z.core.$ZodType): z.core.$ZodType {
  const wrapped =
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable;
  if (schema instanceof z.ZodPipe) return bare(schema.def.in);
  return wrapped ? bare(schema.unwrap()) : schema;
}

function kind(schema: z.core.$ZodType): string {
  const choices = choicesOf(schema).map((choice) => JSON.stringify(choice));
  if (choices.length > 0) return choices.length === 1 ? String(choices[0]) : `one of ${choices.join(', ')}`;
  if (schema instanceof z.ZodObject || schema instanceof z.ZodRecord || schema instanceof z.ZodDiscriminatedUnion)
    return 'a mapping';
  if (schema instanceof z.ZodTuple)
    return `a list of ${schema.def.items.length}: ${schema.def.items.map(kind).join(', ')}`;
  const rules = z.toJSONSchema(schema, { io: 'input' });
  if (rules.type === 'array') return `a list${rules.minItems ? ' with at least one item' : ''}`;
  if (rules.type === 'boolean') return 'true or false';
  if (rules.type === 'integer' || rules.type === 'number') return numberWords(rules);
  if (rules.pattern) return patternWords(schema);
  return rules.minLength ? 'a non-empty text' : 'a text';
}

/** `a positive integer`, `a number from 0 to 1`. */
function numberWords(rules: z.core.JSONSchema.BaseSchema): string {
  const { type, minimum, exclusiveMinimum, exclusiveMaximum, maximum = Number.MAX_SAFE_INTEGER } = rules;
  const kind = type === 'integer' ? 'integer' : 'number';
  const article = type === 'integer' ? 'an' : 'a';
  if (exclusiveMaximum === undefined && maximum >= Number.MAX_SAFE_INTEGER) {
    if (exclusiveMinimum === 0) return `a positive ${kind}`;
    return minimum === 0 ? `a non-negative ${kind}` : `${article} ${kind}`;
  }
  const low = minimum === undefined ? `above ${exclusiveMinimum}` : `from ${minimum}`;
  const to = minimum === undefined ? 'and up to' : 'to';
  return `${article} ${kind} ${low} ${exclusiveMaximum === undefined ? `${to} ${maximum}` : `and below ${exclusiveMaximum}`}`;
}

/** The words a pattern was given in the schema; no text with a NUL in it fits any pattern of ours. */
function patternWords(schema: z.core.$ZodType): string {
  const issues = z.safeParse(schema, '\0').error?.issues ?? [];
  return issues.find((issue) => issue.code === 'invalid_format')?.message ?? 'a text';
}
