import { describe, expect, it } from 'vitest';
import { readPlan } from '../../plan/read.js';
import { faults, file } from './files.js';

const withData = (data: string): string => `name: small\nmodel: {base: some/model}\ndata:\n${data}`;
const source = (more: string): string => withData(`  sources:\n    - {name: a, kind: public, ${more}}\n`);
const two = (a: string, b: string, more: string): string =>
  withData(
    `  sources:\n    - {name: a, kind: public, path: x${a}}\n    - {name: b, kind: public, path: y${b}}\n${more}`,
  );

describe('the data of a plan', () => {
  it('takes what docs/data.md shows', () => {
    const plan = readPlan(
      file(
        two(
          ', bands: {by: length, into: 2}',
          ', documents: {hub: o/d, config: c}, instruction: Find., limit: 3, max_length: {query: 9}',
          '  curriculum: [{from: 0%, weights: {a: 1}}, {from: 40%, weights: {a/2: 1, b: 2.5}}]\n  group_by_length: true\n',
        ),
      ),
    );
    expect(plan.data.curriculum).toHaveLength(2);
    expect(plan.data.sources[1]?.documents).toEqual({ hub: 'o/d', config: 'c' });
  });

  it.each<[string, string, RegExp]>([
    ['neither path nor hub', source('split: x'), /data\.sources\.0: expected either path or hub, got neither/],
    ['both', source('path: x, hub: o/d'), /expected either path or hub, got both/],
    ['a revision of a folder', source('path: x, revision: main'), /revision: expected it with hub/],
    ['documents nowhere', source('path: x, documents: {config: c}'), /sources\.0\.documents: expected either/],
    ['a hub name that leaves the cache', source('hub: ../../x'), /hub: expected a hub name/],
    ['a revision that does', source('hub: o/d, revision: ../x'), /revision: expected a commit, a branch or a tag/],
    ['some counts', two(', count: 3', '', ''), /sources\.1: expected a count, as other sources have/],
    ['counts and a temperature', two(', count: 3', ', count: 4', '  temperature: 2\n'), /temperature: expected none/],
    [
      'a curriculum of a source that is not there',
      two('', '', '  curriculum: [{from: 0%, weights: {c: 1}}]\n'),
      /curriculum\.0\.weights: expected a source or a part of one, got "c"\. Known: a, b\./,
    ],
    ['one that begins late', two('', '', '  curriculum: [{from: 5%, weights: {a: 1}}]\n'), /expected 0% for the first/],
    [
      'one out of order',
      two('', '', '  curriculum: [{from: 0%, weights: {a: 1}}, {from: 0%, weights: {b: 1}}]\n'),
      /curriculum\.1\.from: expected rising shares/,
    ],
    ['mined negatives without mining', two('', '', '  negatives: {from: mined}\n'), /from: expected data\.mining with/],
    ['ranks out of order', two('', '', '  mining: {ranks: [9, 3]}\n'), /mining\.ranks: expected the first rank before/],
    [
      'a family without a group',
      two('', '', '  mining: {family: "^a"}\n'),
      /family: expected a regular expression with/,
    ],
    ['no regular expression', two('', '', '  mining: {family: "(["}\n'), /family: expected a regular expression with/],
    [
      'a judge that is wrong twice over',
      two('', '', '  mining: {guards: [{type: truth, collection: x, wrong: 2}]}\n'),
      /guards\.0\.wrong: expected a number from 0 to 1, got 2\./,
    ],
    ['one band', source('path: x, bands: {by: length, into: 1}'), /into: expected an integer from 2 to 10, got 1/],
    [
      'right answers alone, debiased',
      `${source('path: x')}loss: {debias: 1}\n`,
      /debias: expected a number above 0 and below 1 or null, got 1/,
    ],
    [
      'a margin of no model’s scores',
      two('', '', '  mining: {guards: [{type: positive-margin, ratio: 0.95}]}\n'),
      /guards\.0: expected a model under data\.mining\.by/,
    ],
    [
      'a soft guard of mining',
      two('', '', '  mining: {by: [m], guards: [{type: positive-margin, ratio: 0.95, softness: 1}]}\n'),
      /softness: expected none when mining/,
    ],
    ['one of nothing', two('', '', '  curriculum: [{from: 0%, weights: {a: 0}}]\n'), /expected a weight above 0/],
  ])('refuses %s', (_name, text, message) => {
    expect(faults(() => readPlan(file(text))).join('\n')).toMatch(message);
  });
});
