import { z } from 'zod';
import { Fault } from './fault.js';

/** A length of training: `500 steps`, `3 epochs` (passes over the mixture) or `20000 examples` (queries). */
export const duration = z
  .string()
  .regex(
    /^(?=.*[1-9])\d+(\.\d+)? (step|epoch|example)s?$/,
    'a duration such as "500 steps", "3 epochs" or "20000 examples"',
  );

/** What turns epochs and examples into steps. An example is a query; an epoch is one pass over the mixture. */
export interface StepSize {
  readonly batchSize: number;
  readonly examplesPerEpoch: number;
}

/** Steps of a duration such as `500 steps`, `3 epochs` or `20000 examples`, rounded up. */
export function durationSteps(length: string, { batchSize, examplesPerEpoch }: StepSize): number {
  const match = /^(\d+(?:\.\d+)?) (step|epoch|example)s?$/.exec(length);
  if (!match) {
    throw new Fault(
      `Expected a duration such as "500 steps", got ${JSON.stringify(length)}. Write a number and a unit.`,
    );
  }
  const [, amount, unit] = match as unknown as [string, string, 'step' | 'epoch' | 'example'];
  if (unit === 'step') return ceilProduct(amount, 1, 1);
  return ceilProduct(amount, unit === 'epoch' ? examplesPerEpoch : 1, batchSize);
}

/** Steps of a warm-up such as `6%` (of all steps) or `100 steps`, rounded up and never more than there are. */
export function warmupSteps(warmup: string, totalSteps: number): number {
  const match = /^(?:(\d+(?:\.\d+)?)%|(\d+) steps?)$/.exec(warmup);
  if (!match) {
    throw new Fault(`Expected a warm-up such as "6%", got ${JSON.stringify(warmup)}. Write "6%" or "100 steps".`);
  }
  const [, percent, steps] = match;
  return Math.min(totalSteps, percent === undefined ? Number(steps) : ceilProduct(percent, totalSteps, 100));
}

/** ⌈amount · times / by⌉ without rounding: 0.1 epochs of 30 examples are 3 examples, in floating point a bit more. */
function ceilProduct(amount: string, times: number, by: number): number {
  const [whole = '0', fraction = ''] = amount.split('.');
  const above = BigInt(whole + fraction) * BigInt(times);
  const below = 10n ** BigInt(fraction.length) * BigInt(by);
  return Number((above + below - 1n) / below);
}
