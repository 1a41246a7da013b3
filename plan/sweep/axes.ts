import { isDeepStrictEqual } from 'node:util';
import type { FaultLine, Path } from '../document.js';
import { type Layered, type Override, splitPath } from '../override.js';
import { drawn } from './draw.js';
import type { SweepKeys } from './schema.js';

/** One way to change the plan, under a name that is part of its folder's. */
export interface Option {
  readonly name: string;
  readonly changes: readonly Override[];
}

/** Options of which each run has one; a sweep is the product of its axes. */
type Axis = readonly Option[];

type Place = Layered['place'];
type Faults = FaultLine[];

/** A sweep's axes: its variants, the axes it names, and the draws of its search. Faults are added to the list. */
export function axesOf({ variants, axes, search }: SweepKeys, place: Place, faults: Faults): Axis[] {
  const found: Axis[] = [];
  if (variants) found.push(namedOptions(['variants'], variants, place, faults));
  for (const [key, given] of Object.entries(axes ?? {})) {
    if (Array.isArray(given)) found.push(valuesOf(key, given, place, faults));
    else if (isMapping(given)) found.push(namedOptions(['axes', key], given, place, faults));
    else tell(faults, place, ['axes', key], 'expected a list of values, or names with settings.');
  }
  if (search) found.push(drawsOf(search, place, faults));
  return found;
}

/** Every combination of one option of each axis, the last axis changing fastest. */
export function product(axes: readonly Axis[]): Option[] {
  return axes.reduce<Option[]>(
    (cells, axis) =>
      cells.flatMap(({ name, changes }) =>
        axis.map((option) => ({
          name: name === '' ? option.name : `${name}-${option.name}`,
          changes: [...changes, ...option.changes],
        })),
      ),
    [{ name: '', changes: [] }],
  );
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function tell(faults: Faults, place: Place, path: Path, text: string, part: 'key' | 'value' = 'key'): void {
  const at = place(path, part);
  if (at) faults.push({ place: at, text: `${path.join('.')}: ${text}` });
}

/** `name: {path: value, …}`, as variants are written. */
function namedOptions(path: Path, named: Record<string, unknown>, place: Place, faults: Faults): Axis {
  if (Object.keys(named).length === 0)
    tell(faults, place, path, 'expected at least one, got none. Name one, or remove it.');
  return Object.entries(named).map(([name, settings]) => {
    const at = [...path, name];
    if (!/^[\w.-]+$/.test(name)) {
      tell(faults, place, at, `expected a name of letters, digits, ".", "_" and "-", got ${JSON.stringify(name)}.`);
    }
    if (!isMapping(settings)) {
      tell(faults, place, at, 'expected a mapping of paths to values, such as {loss.temperature: 0.1}.', 'value');
      return { name, changes: [] };
    }
    return {
      name,
      changes: Object.entries(settings).flatMap(([dotted, value]) =>
        change(place, dotted, value, [...at, dotted], [...at, dotted]),
      ),
    };
  });
}

/** `path: [value, …]`: each value's option is called by the path's last word and the value. */
function valuesOf(dotted: string, values: readonly unknown[], place: Place, faults: Faults): Axis {
  const path = ['axes', dotted];
  if (values.length === 0) tell(faults, place, path, 'expected a list of values, got an empty list. Add one.', 'value');
  return values.map((value, i) => {
    const at = [...path, i];
    if (typeof value === 'object' && value !== null) {
      const named = `axes: {${lastWord(dotted)}: {some-name: {${dotted}: …}}}`;
      tell(
        faults,
        place,
        at,
        `expected a number, a text, true, false or null. Name what is larger: ${named}.`,
        'value',
      );
    }
    if (values.findIndex((other) => isDeepStrictEqual(other, value)) < i) {
      tell(faults, place, at, `expected each value once, got ${JSON.stringify(value)} again. Remove one.`, 'value');
    }
    return { name: `${lastWord(dotted)}-${inAName(value)}`, changes: change(place, dotted, value, path, at) };
  });
}

function drawsOf({ runs, seed, over }: NonNullable<SweepKeys['search']>, place: Place, faults: Faults): Axis {
  const paths = Object.entries(over);
  if (paths.length === 0) tell(faults, place, ['search', 'over'], 'expected a range for at least one path, got none.');
  const draws: Record<string, unknown>[] = [];
  // Where only choices are left, draws repeat; one that was there is passed over.
  for (let i = 0; draws.length < runs && i < 100 * runs; i++) {
    const draw = Object.fromEntries(paths.map(([path, range]) => [path, drawn(range, seed, i, path)]));
    if (!draws.some((other) => isDeepStrictEqual(other, draw))) draws.push(draw);
  }
  if (draws.length < runs && paths.length > 0) {
    tell(
      faults,
      place,
      ['search', 'runs'],
      `expected at most ${draws.length}, as many as differ, got ${runs}. Lower it, or use axes.`,
      'value',
    );
  }
  return draws.map((draw, i) => ({
    name: `draw-${i + 1}`,
    changes: Object.entries(draw).flatMap(([dotted, value]) => {
      const at = ['search', 'over', dotted];
      return change(place, dotted, value, at, at);
    }),
  }));
}

function change(place: Place, dotted: string, value: unknown, keyPath: Path, valuePath: Path): Override[] {
  const [key, at] = [place(keyPath, 'key'), place(valuePath, 'value')];
  return key && at ? [{ path: splitPath(dotted), value, key, at }] : [];
}

function lastWord(dotted: string): string {
  return dotted.split('.').at(-1) as string;
}

/** A value as part of a folder's name. */
function inAName(value: unknown): string {
  return (
    String(value)
      .replaceAll(/[^\w.-]+/g, '-')
      .replaceAll(/^-+(?=\D)|-+$/g, '') || 'empty'
  );
}
