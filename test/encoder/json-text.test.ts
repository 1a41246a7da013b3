import { describe, expect, it } from 'vitest';
import { changeJson } from '../../encoder/json-text.js';

describe('a changed JSON text', () => {
  it('keeps numbers as they were written', () => {
    const text =
      '{"cutoff": 2.0, "eps": 1e-05, "n": -3, "list": [1, 10.50], "of": {"theta": 5E+5}, "text": "2.0 \\"3\\" 1e-05"}';
    const changed = changeJson(text, ({ n: _, ...rest }) => ({ ...rest, dtype: 'float32', more: 4 }));
    expect(changed.replace(/\s+/g, ' ')).toBe(
      '{ "cutoff": 2.0, "eps": 1e-05, "list": [ 1, 10.50 ], "of": { "theta": 5E+5 }, "text": "2.0 \\"3\\" 1e-05", "dtype": "float32", "more": 4 }',
    );
  });
});
