import { describe, expect, it } from 'vitest';
import { presetsOf } from '../../data/presets/presets.js';
import { macroMeans } from '../../eval/macro-mean.js';
import type { Result } from '../../eval/result.js';

const result = (set: string, system: string, value: number): Result => ({
  system,
  model: system,
  set,
  folder: set,
  split: 'test',
  queries: 1,
  metrics: { RR: value },
  perQuery: { RR: {} },
});

describe('macroMeans', () => {
  it('has a benchmark where a system was scored on all of it, CQADupStack being one of BEIR’s sets', () => {
    const forums = presetsOf('beir:cqadupstack').map(({ name }, i) => result(name, 'a', i / 100));
    const other = presetsOf('beir:all')
      .filter(({ name }) => !name.includes('cqadupstack'))
      .map(({ name }) => result(name, 'a', 0.5));
    const mean = (0 + 11) / 2 / 100;
    expect(macroMeans([...forums, ...forums.slice(1).map((one) => ({ ...one, system: 'b' }))])).toEqual([
      { benchmark: 'beir:cqadupstack', system: 'a', parts: 12, metrics: { RR: expect.closeTo(mean, 12) } },
    ]);
    expect(macroMeans([...other, ...forums])[1]).toEqual({
      benchmark: 'beir',
      system: 'a',
      parts: 15,
      metrics: { RR: expect.closeTo((14 * 0.5 + mean) / 15, 12) },
    });
    expect(macroMeans(other)).toEqual([]);
    expect(macroMeans([result('examples/scifact', 'a', 1)])).toEqual([]);
  });
});
