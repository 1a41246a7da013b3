import { Fault } from '../plan/fault.js';

/** An option's value where it has to be a whole number. @throws Fault when it is not, or is 0 or less. */
export function wholeNumber(option: string, value: number): number {
  if (Number.isInteger(value) && value >= 1) return value;
  throw new Fault(`Expected a whole number from 1 for ${option}, got ${value}. Correct it.`);
}
