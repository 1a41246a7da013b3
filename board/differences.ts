import { parse } from 'yaml';
import type { Difference } from './protocol.js';

/** The values that two plans do not share, by dotted path in the first one's order. Throws what is wrong with a YAML. */
export function planDifferences(a: string, b: string): Difference[] {
  const [left, right] = [flat(parse(a)), flat(parse(b))];
  return [...new Set([...left.keys(), ...right.keys()])]
    .map((path) => ({ path, a: left.get(path) ?? null, b: right.get(path) ?? null }))
    .filter((one) => one.a !== one.b);
}

/** `data.sources.pep.path` → its value as JSON; what is in a list goes by its `name`, where it has one. */
function flat(value: unknown, path = '', into = new Map<string, string>()): Map<string, string> {
  const below = (key: string): string => (path === '' ? key : `${path}.${key}`);
  if (Array.isArray(value) && value.some((item) => typeof item === 'object' && item !== null)) {
    value.forEach((item, i) => {
      flat(item, below(nameOf(item) ?? String(i)), into);
    });
  } else if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    for (const [key, inner] of Object.entries(value)) flat(inner, below(key), into);
  } else into.set(path, typeof value === 'string' ? value : JSON.stringify(value));
  return into;
}

function nameOf(item: unknown): string | null {
  const name = typeof item === 'object' && item !== null && 'name' in item ? item.name : null;
  return typeof name === 'string' && name !== '' ? name : null;
}
