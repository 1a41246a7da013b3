import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { durationSteps, warmupSteps } from '../../plan/duration.js';
import { Fault } from '../../plan/fault.js';

const size = { batchSize: 32, examplesPerEpoch: 1000 };

describe('durationSteps', () => {
  test.each([
    ['500 steps', 500],
    ['1 step', 1],
    ['1.5 steps', 2],
    ['1 epoch', 32],
    ['3 epochs', 94],
    ['0.5 epochs', 16],
    ['20000 examples', 625],
    ['20001 examples', 626],
    ['0 steps', 0],
  ])('%s', (text, steps) => {
    expect(durationSteps(text, size)).toBe(steps);
  });

  test('does not round a whole number up', () => {
    // In floating point 0.1 · 30 is 3.0000000000000004, and its ceiling 4.
    expect(durationSteps('0.1 epochs', { batchSize: 1, examplesPerEpoch: 30 })).toBe(3);
  });

  test('n epochs are the fewest steps that see every example n times', () => {
    fc.assert(
      fc.property(
        fc.nat(50),
        fc.integer({ min: 1, max: 512 }),
        fc.nat(100_000),
        (epochs, batchSize, examplesPerEpoch) => {
          const steps = durationSteps(`${epochs} epochs`, { batchSize, examplesPerEpoch });
          expect(steps * batchSize).toBeGreaterThanOrEqual(epochs * examplesPerEpoch);
          expect((steps - 1) * batchSize).toBeLessThan(Math.max(1, epochs * examplesPerEpoch));
        },
      ),
    );
  });

  test.each(['', '5', 'steps', '-1 steps', '1e3 steps', '5 days', '1  epoch'])('refuses "%s"', (text) => {
    expect(() => durationSteps(text, size)).toThrow(Fault);
  });
});

describe('warmupSteps', () => {
  test.each([
    ['6%', 1000, 60],
    ['6%', 990, 60],
    ['2.5%', 200, 5],
    ['100 steps', 1000, 100],
    ['100 steps', 40, 40],
    ['0 steps', 10, 0],
    ['200%', 10, 10],
    // In floating point 0.07 · 100 is 7.000000000000001.
    ['7%', 100, 7],
  ])('%s of %d', (text, total, steps) => {
    expect(warmupSteps(text, total)).toBe(steps);
  });

  test.each(['6', '6 %', '1.5 steps', '3 epochs'])('refuses "%s"', (text) => {
    expect(() => warmupSteps(text, 10)).toThrow(Fault);
  });
});
