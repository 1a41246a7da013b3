import fc from 'fast-check';
import { expect, it } from 'vitest';
import { bestFirst } from '../../retrieval/best-first.js';

// Many of one upper half, so that parts are longer than what is sorted by insertion, and the whole range of 2^32.
const upper = fc.oneof(
  fc.constantFrom(-(2 ** 31), -1, 0, 1, 2 ** 31 - 1),
  fc.integer({ min: -50, max: 50 }),
  fc.integer(),
);
const key = fc.tuple(upper, fc.nat()).map(([high, low]) => (BigInt(high) << 32n) | BigInt(low));

it('puts the smallest first, as a whole sort does', () => {
  fc.assert(
    fc.property(fc.array(key, { maxLength: 300, size: 'max' }), fc.nat(320), fc.nat(5), (all, most, unused) => {
      const keys = BigInt64Array.from([...all, ...new Array<bigint>(unused).fill(-1n)]);
      const kept = bestFirst(keys, new Int32Array(keys.buffer), all.length, most);
      expect(kept).toBe(Math.min(all.length, most));
      expect([...keys.subarray(0, kept)]).toEqual([...BigInt64Array.from(all).sort()].slice(0, kept));
    }),
    { numRuns: 300 },
  );
});
