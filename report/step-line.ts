// Reads the numbers of a step's line from its bytes. A million lines have to be read in less than a second.

/** The numbers that are kept of a step; NaN where a line has none. */
export const columns = ['step', 'loss', 'grad_norm', 'lr', 'tokens', 'tokens_per_s', 'seconds', 'memory_mb'] as const;
export type Column = (typeof columns)[number];

const names = columns.map((name) => Buffer.from(name));
const sourceName = Buffer.from('source');
const code = (character: string): number => character.charCodeAt(0);
const [quote, colon, comma, open, close] = ['"', ':', ',', '{', '}'].map(code) as [
  number,
  number,
  number,
  number,
  number,
];
const [minus, plus, point, zero] = ['-', '+', '.', '0'].map(code) as [number, number, number, number];
const [bigE, smallE, backslash, nothing] = ['E', 'e', '\\', 'n'].map(code) as [number, number, number, number];
// More than this has no room for another digit.
const LARGEST = 2 ** 53;
const powers = Float64Array.from({ length: 309 }, (_, i) => 10 ** i);

/** Where {@link number} stopped. */
let after = 0;

/** What a line's `source` says: where its text stands. */
export interface Text {
  start: number;
  end: number;
}

/**
 * Reads a line such as `{"step":1,"loss":2.3,…,"source":"pep"}` as JSON.stringify writes it. Numbers are right to one
 * unit in their 16th digit.
 *
 * @param values one place for each of {@link columns}
 * @param source is set to where its text stands; to an empty stretch where there is none
 * @returns false for any other form, which JSON.parse has to read: blanks, escapes, values within values, a step missing
 */
export function scanStep(bytes: Uint8Array, start: number, end: number, values: Float64Array, source: Text): boolean {
  values.fill(Number.NaN);
  source.start = source.end = start;
  if (end - start < 2 || bytes[start] !== open || bytes[end - 1] !== close) return false;
  let at = start + 1;
  let expected = 0;
  for (;;) {
    if (bytes[at] !== quote) return false;
    const key = at + 1;
    const keyEnd = textEnd(bytes, key, end);
    if (keyEnd < 0 || bytes[keyEnd + 1] !== colon) return false;
    at = keyEnd + 2;
    const column = columnOf(bytes, key, keyEnd, expected);
    if (bytes[at] === quote) {
      const valueEnd = textEnd(bytes, at + 1, end);
      if (valueEnd < 0 || column >= 0) return false;
      if (same(bytes, key, keyEnd, sourceName)) [source.start, source.end] = [at + 1, valueEnd];
      at = valueEnd + 1;
    } else {
      const value = number(bytes, at);
      if (after === at) return false;
      if (column >= 0) values[column] = value;
      at = after;
    }
    expected = column + 1;
    if (at === end - 1) return Number.isInteger(values[0]) && (values[0] as number) >= 0;
    if (bytes[at] !== comma) return false;
    at++;
  }
}

/** The place of a text's closing quote; −1 where it has an escape or no end. */
function textEnd(bytes: Uint8Array, start: number, end: number): number {
  for (let at = start; at < end; at++) {
    if (bytes[at] === quote) return at;
    if (bytes[at] === backslash) return -1;
  }
  return -1;
}

/** Lines have their keys in one order, so the one after the last is tried first. */
function columnOf(bytes: Uint8Array, start: number, end: number, expected: number): number {
  if (expected < names.length && same(bytes, start, end, names[expected] as Buffer)) return expected;
  for (let column = 0; column < names.length; column++)
    if (same(bytes, start, end, names[column] as Buffer)) return column;
  return -1;
}

function same(bytes: Uint8Array, start: number, end: number, name: Buffer): boolean {
  if (end - start !== name.length) return false;
  for (let i = 0; i < name.length; i++) if (bytes[start + i] !== name[i]) return false;
  return true;
}

/** A number, or NaN for null; {@link after} stays at the start where there is neither. The line's "}" ends every loop. */
function number(bytes: Uint8Array, start: number): number {
  after = start;
  if (bytes[start] === nothing) {
    after = start + 4;
    return Number.NaN;
  }
  const negative = bytes[start] === minus;
  const first = negative ? start + 1 : start;
  let at = first;
  let mantissa = 0;
  let digit = (bytes[at] as number) - zero;
  while (digit >= 0 && digit <= 9) {
    mantissa = mantissa * 10 + digit;
    digit = (bytes[++at] as number) - zero;
  }
  if (at === first) return Number.NaN;
  let exponent = 0;
  if (bytes[at] === point) {
    const firstOfFraction = ++at;
    digit = (bytes[at] as number) - zero;
    while (digit >= 0 && digit <= 9) {
      // Digits that a double cannot hold are passed over.
      if (mantissa < LARGEST) {
        mantissa = mantissa * 10 + digit;
        exponent--;
      }
      digit = (bytes[++at] as number) - zero;
    }
    if (at === firstOfFraction) return Number.NaN;
  }
  if (bytes[at] === smallE || bytes[at] === bigE) {
    at++;
    const down = bytes[at] === minus;
    if (down || bytes[at] === plus) at++;
    let power = 0;
    digit = (bytes[at] as number) - zero;
    while (digit >= 0 && digit <= 9) {
      power = power * 10 + digit;
      digit = (bytes[++at] as number) - zero;
    }
    exponent += down ? -power : power;
  }
  after = at;
  if (exponent < -308) mantissa = mantissa / 1e308 / 10 ** (-exponent - 308);
  else if (exponent < 0) mantissa /= powers[-exponent] as number;
  else if (exponent > 0) mantissa *= powers[Math.min(exponent, 308)] as number;
  return negative ? -mantissa : mantissa;
}
