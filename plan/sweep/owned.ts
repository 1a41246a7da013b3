import { type FaultLine, faultOf } from '../document.js';
import type { Layered, Override } from '../override.js';
import { BASE, sweepKeys } from './schema.js';

// What a sweep sets itself, and neither `--set` nor a variant can change.

/** Throws a Fault for `--set` of what a sweep sets itself. */
export function refuseOwned(given: readonly Override[]): void {
  const faults = given.flatMap(({ path, key }) => {
    const top = String(path[0]);
    if (top === 'seed') return [{ place: key, text: 'seed: a sweep sets it. Write --set seeds=[1,2,3].' }];
    const inFile = ['variants', 'axes', BASE].includes(top) || (top === 'search' && path[1] === 'over');
    return inFile ? [{ place: key, text: `${top}: expected a path of the plan. Change ${top} in the file.` }] : [];
  });
  if (faults.length > 0) throw faultOf(faults);
}

/** What a sweep sets itself, or has to be the same for all, no variant can change. */
export function ownedFaults(changes: readonly Override[]): FaultLine[] {
  return changes.flatMap(({ path, key }) => {
    const [top] = path as [string];
    const text =
      top === 'name' || top === 'seed'
        ? `the sweep sets each run's ${top} itself. Remove it.`
        : top === 'eval'
          ? 'expected the same for all runs, which are compared by it. Set it once, above the variants.'
          : sweepKeys.includes(top) || top === BASE
            ? 'expected a path of the plan. Set it once, above the variants.'
            : undefined;
    return text === undefined ? [] : [{ place: key, text: `${path.join('.')}: ${text}` }];
  });
}

export function repeatedSeeds(place: Layered['place'], seeds: readonly number[]): FaultLine[] {
  return seeds.flatMap((seed, index) => {
    const at = seeds.indexOf(seed) < index ? place(['seeds', index], 'value') : undefined;
    return at ? [{ place: at, text: `seeds.${index}: expected each seed once, got ${seed} again.` }] : [];
  });
}

/** Of faults in one value that came to many variants, the first: draws differ in what they got. */
export function firstOfEach(faults: readonly FaultLine[]): FaultLine[] {
  const first = new Map<string, FaultLine>();
  for (const fault of faults) {
    const key = `${fault.place.where} ${fault.text.split(':', 1)[0]}`;
    if (!first.has(key)) first.set(key, fault);
  }
  return [...first.values()];
}
