import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { leaves, planDifferences, planIn } from '../../plan/difference.js';
import { Fault } from '../../plan/fault.js';

const between = (a: string, b: string) =>
  planDifferences(parse(a), parse(b)).map(({ path, values }) => [path, ...values]);

it('tells sources apart by their names, and takes lists of single values whole', () => {
  const a = 'data: {sources: [{name: x, path: 1}], r: [1, 2]}\n';
  const b = 'data: {sources: [{name: y, path: 1}, {name: x, path: 2}], r: [1, 3]}\n';
  expect(between(a, b)).toEqual([
    ['data.sources.x.path', 1, 2],
    ['data.r', [1, 2], [1, 3]],
    ['data.sources.y.name', undefined, 'y'],
    ['data.sources.y.path', undefined, 1],
  ]);
});

it('goes by number where names are missing or alike', () => {
  expect(between('l: [{name: x, v: 1}, {name: x, v: 2}]', 'l: [{name: x, v: 1}, {name: x, v: 3}]')).toEqual([
    ['l.1.v', 2, 3],
  ]);
  expect(between('l: [{v: 1}]', 'l: []')).toEqual([
    ['l.0.v', 1, undefined],
    ['l', undefined, []],
  ]);
  expect(between('a: null', 'a: {}')).toEqual([['a', null, {}]]);
});

it('reads a run folder, and leaves out the name', () => {
  const run = join(mkdtempSync(join(tmpdir(), 'reasontune-difference-')), 'run');
  mkdirSync(run);
  writeFileSync(join(run, 'plan.yaml'), 'name: a\nseed: 3\n');
  expect(planIn(run)).toEqual({ seed: 3 });
  expect(() => planIn(join(run, 'none'))).toThrow(Fault);
  expect([...leaves({ a: { b: [1, 2], c: [{ d: 1 }] } })]).toEqual([
    ['a.b', [1, 2]],
    ['a.c.0.d', 1],
  ]);
});
