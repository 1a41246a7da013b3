import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareIds } from '../../retrieval/ranking.js';

const wholeId = fc.string({ unit: 'binary', minLength: 1, maxLength: 6 });

describe('compareIds', () => {
  it('orders as the UTF-8 bytes do', () => {
    fc.assert(
      fc.property(wholeId, wholeId, (a, b) => {
        expect(Math.sign(compareIds(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
      }),
    );
    expect(compareIds('\uFF5E', '😀')).toBeLessThan(0);
    expect(compareIds('10', '9')).toBeLessThan(0);
  });
});
