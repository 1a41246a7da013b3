import { Fault } from '../plan/fault.js';

/** An option's value where it has to be a whole number. @throws Fault when it is not, or is below `from`. */
export function wholeNumber(option: string, value: number, from = 1): number {
  if (Number.isInteger(value) && value >= from) return value;
  throw new Fault(`Expected a whole number from ${from} for ${option}, got ${value}. Correct it.`);
}
