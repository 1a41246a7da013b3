import { parseDocument } from 'yaml';
import { type FaultLine, oneLine, type Path, type Place, type PlanDocument } from './document.js';
import { Fault, reasonOf } from './fault.js';

/** One value put over the plan's own: by `--set`, or by a variant of a sweep. */
export interface Override {
  readonly path: Path;
  readonly value: unknown;
  /** Where the path was written, and where the value was; for `--set` the whole argument. */
  readonly key: Place;
  readonly at: Place;
}

/** Reads `path=value` arguments; the value is YAML. */
export function parseOverrides(texts: readonly string[]): Override[] {
  return texts.map((text, index) => {
    const equals = text.indexOf('=');
    if (equals < 1) {
      throw new Fault(oneLine(`--set ${text}: expected path=value, got "${text}". Write --set train.batch_size=64.`));
    }
    const written = text.slice(equals + 1);
    const place = { where: `--set ${text}`, order: Number.MAX_SAFE_INTEGER / 2 + index, source: written };
    return { path: splitPath(text.slice(0, equals).trim()), value: parseValue(text, written), key: place, at: place };
  });
}

/** `data.sources.0.weight` as its parts. */
export function splitPath(path: string): string[] {
  return path.split('.').map((part) => part.trim());
}

function parseValue(argument: string, written: string): unknown {
  try {
    const document = parseDocument(written, { prettyErrors: false, logLevel: 'error' });
    const problem = document.errors[0] ?? document.warnings[0];
    if (problem) throw problem;
    return document.toJS();
  } catch (error) {
    throw new Fault(oneLine(`--set ${argument}: expected a YAML value, got an error: ${reasonOf(error)}`));
  }
}

/** A plan's value with overrides laid over it, and where each path of the whole was written. */
export interface Layered {
  readonly value: Record<string, unknown>;
  readonly faults: readonly FaultLine[];
  place(path: Path, part: 'key' | 'value'): Place | undefined;
}

/** Lays overrides over a document, later ones over earlier ones; neither is changed. */
export function layer(document: PlanDocument, overrides: readonly Override[]): Layered {
  const faults = [...document.faults];
  let value: unknown = document.value;
  for (const override of overrides) {
    const result = withValue(value, override.path, override.value);
    if ('value' in result) value = result.value;
    else
      faults.push({ place: override.key, text: `${override.path.slice(0, result.depth).join('.')}: ${result.fault}` });
  }
  return {
    value: value as Record<string, unknown>,
    faults,
    place(path, part) {
      const above = overrides.findLast((override) => startsWith(path, override.path));
      if (above) return part === 'key' && path.length === above.path.length ? above.key : above.at;
      // A mapping that only an override made stands where the override stands.
      return document.place(path, part) ?? overrides.findLast((override) => startsWith(override.path, path))?.key;
    },
  };
}

function startsWith(path: Path, start: Path): boolean {
  return start.every((part, index) => index < path.length && String(path[index]) === String(part));
}

/** A copy of a value with one path set; mappings on the way are made where missing, list items never. */
function withValue(
  holder: unknown,
  path: Path,
  value: unknown,
  depth = 0,
): { value: unknown } | { fault: string; depth: number } {
  const part = path[depth];
  if (part === undefined) return { value };
  if (Array.isArray(holder)) {
    const index = /^\d+$/.test(String(part)) ? Number(part) : holder.length;
    if (index >= holder.length) {
      return { fault: `expected an item's number from 0 to ${holder.length - 1}, got "${part}".`, depth: depth + 1 };
    }
    const inner = withValue(holder[index], path, value, depth + 1);
    return 'value' in inner ? { value: holder.with(index, inner.value) } : inner;
  }
  if (holder !== null && holder !== undefined && typeof holder !== 'object') {
    return { fault: `expected a mapping or a list, got ${JSON.stringify(holder)}.`, depth };
  }
  const map = (holder ?? {}) as Record<string, unknown>;
  const inner = withValue(Object.hasOwn(map, part) ? map[part] : undefined, path, value, depth + 1);
  return 'value' in inner ? { value: { ...map, [part]: inner.value } } : inner;
}
