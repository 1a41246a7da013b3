import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readSynthesis } from '../../plan/synthesis.js';

const folder = mkdtempSync(join(tmpdir(), 'reasontune-synthesis-'));
afterAll(() => rmSync(folder, { recursive: true }));

const file = join(folder, 'plan.yaml');
const head = 'name: s\nendpoint: {url: "http://127.0.0.1:1/v1", model: m}\n';
const read = (yaml: string, ...set: string[]) => {
  writeFileSync(file, yaml);
  return readSynthesis(file, set);
};

describe('the plan of a synthesis', () => {
  it('has defaults, and takes --set', () => {
    const plan = read(`${head}documents: {path: c}\nhard_queries: {number: 5}`, 'hard_queries.positive=graded');
    expect(plan.hard_queries).toMatchObject({ number: 5, positive: 'graded', quality: { type: 'rules' } });
    expect(plan.judging).toEqual({ answers_from: 4, negative_to: 2 });
  });

  it.each<[string, string, RegExp]>([
    ['no model', 'name: s\nvaried_length: {number: 1, domain: d}', /expected an endpoint, or canned .* got neither/],
    ['nothing to make', head, /expected hard_queries, varied_length or both, got neither/],
    ['no documents', `${head}hard_queries: {number: 1}`, /expected documents for hard_queries, got none/],
    [
      'nowhere to mine',
      `${head}varied_length: {number: 1, domain: d}\nnegatives: {mined: 1}`,
      /expected documents for negatives\.mined/,
    ],
    [
      'a range that is upside down',
      `${head}varied_length: {number: 1, domain: d, query_words: [{words: [900, 300], share: 1}]}`,
      /plan\.yaml:3:\d+ varied_length\.query_words\.0\.words: expected the lower number first, got 900, 300/,
    ],
    [
      'bounds that cross',
      `${head}varied_length: {number: 1, domain: d}\njudging: {negative_to: 4}`,
      /judging\.negative_to: expected less than answers_from, 4, got 4/,
    ],
    [
      'a misspelt key',
      `${head}varied_length: {number: 1, domian: d}`,
      /varied_length\.domian: unknown key\. Did you mean "domain"/,
    ],
    [
      'a fault in the training plan',
      `${head}varied_length: {number: 1, domain: d}\nrun: {name: r, model: {base: b}, data: {sources: [{name: a, kind: public}]}}`,
      /run\.data\.sources\.0: expected either path or hub/,
    ],
  ])('refuses %s', (_name, yaml, message) => {
    expect(() => read(yaml)).toThrow(message);
  });
});
