import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Fault } from '../../plan/fault.js';
import { chain, type Script, words } from './chain.js';

const documents = Array.from({ length: 30 }, (_, i) => `${String.fromCharCode(97 + (i % 26))}${i}one ${words(20, i)}`);
const hq = (number: number) => `hard_queries: {number: ${number}, quality: {type: rules, at_least: 0.3}}`;
const third = (document: string): boolean => Number(/\d+/.exec(document)) % 3 === 0;

async function made(yaml: string, script: Script, more: Parameters<typeof chain>[3] = {}) {
  const all = await chain(yaml, documents, script, more);
  const { card } = await all.run();
  await all.server.close();
  return { ...all, card };
}

describe('records that are lost', () => {
  it.each<[string, Script, string]>([
    [
      'by the second call',
      { check: ({ document = '' }) => ({ self_contained: true, needs_reasoning: true, answered: !third(document) }) },
      'not answered by its document',
    ],
    [
      'malformed',
      { question: ({ document = '' }) => (third(document) ? 'Sorry.' : question(document)) },
      'malformed question',
    ],
    [
      'for want of a negative',
      {
        negative: ({ positive = '', words: n }) => ({
          document: `${third(positive) ? 'right' : 'wrong'} ${words(Number(n), 3)}`,
        }),
      },
      'no negative is left',
    ],
    [
      'as repeats',
      {
        question: ({ document = '' }) =>
          third(document) ? { question: 'why would it ever be so when all else is as before' } : question(document),
      },
      'repeats another query',
    ],
  ])('%s are drawn anew until there are as many as are wanted', async (_how, script, reason) => {
    const { card, linesOf } = await made(hq(15), script);
    expect(card.kinds[0]).toMatchObject({ records: 15, wanted: 15, ended: 'complete' });
    expect(Object.keys(card.kinds[0]!.leftOut)).toContain(reason);
    expect(new Set(linesOf('hq.jsonl').map(({ origin }) => origin.id)).size).toBe(15);
  });

  it('are not, where no document is left', async () => {
    const { card } = await made(hq(25), {
      question: ({ document = '' }) => (third(document) ? 'Sorry.' : question(document)),
    });
    expect(card.kinds[0]).toMatchObject({
      records: 20,
      wanted: 25,
      ended: 'exhausted',
      leftOut: { 'malformed question': 10 },
    });
  });

  it('are not, where all are lost', async () => {
    const { card, server } = await made(hq(5), { question: () => 'Sorry.' });
    expect(card.kinds[0]).toMatchObject({ records: 0, ended: 'patience', leftOut: { 'malformed question': 20 } });
    // Each asked twice: it does not fit, and is sent back once.
    expect(server.requests()).toBe(40);
  });

  it('of long queries leave the distribution of lengths as it is', async () => {
    const vl = (n: number) =>
      `varied_length: {number: ${n}, domain: d, tasks: 3, query_words: [{words: [300, 900], share: 1}]}\nnegatives: {written: 0}`;
    const plain = await made(vl(10), {});
    let asked = 0;
    const lossy = await made(vl(10), {
      positive: ({ query = '', words: n }) => ({
        document: `${++asked % 3 === 0 ? 'wrong' : 'right'} ${words(Number(n) - 1, query.length)}`,
      }),
    });
    const lengths = ({ linesOf }: typeof plain): number[] =>
      linesOf('vl.jsonl')
        .map(({ origin }) => origin.query.words.asked)
        .sort();
    expect(lossy.card.kinds[0]).toMatchObject({ records: 10, ended: 'complete' });
    expect(lossy.linesOf('left-out.jsonl').length).toBeGreaterThan(2);
    expect(lengths(lossy)).toEqual(lengths(plain));
  });
});

it('a budget that is used up leaves the records that were made, says so, and goes on when it is raised', async () => {
  const yaml = `${hq(12)}\nvaried_length: {number: 2, domain: d, tasks: 2, query_words: [{words: [300, 400], share: 1}]}`;
  const all = await chain(yaml, documents, {}, { endpoint: ', budget: {requests: 37}' });
  const { card, spent } = await all.run();
  expect(spent.requests).toBeLessThanOrEqual(37);
  expect(card.usedUp).toMatch(/^Expected the work to fit endpoint\.budget\.requests, got \d+ of 37 spent/);
  const [first, second] = card.kinds;
  expect(first).toMatchObject({ wanted: 12, ended: 'budget' });
  expect(first!.records).toBeGreaterThan(0);
  expect(first!.records).toBeLessThan(12);
  expect(second).toMatchObject({ records: 0, ended: 'budget' });
  expect(all.linesOf('hq.jsonl')).toHaveLength(first!.records);

  const { card: later, spent: then } = await all.run();
  expect(later.usedUp).toBeNull();
  expect(later.kinds.map(({ records, ended }) => [records, ended])).toEqual([
    [12, 'complete'],
    [2, 'complete'],
  ]);
  // Nothing was paid for twice.
  expect(all.server.requests()).toBe(spent.requests + then.requests);
  await all.server.close();
});

it('a server that fails ends a synthesis with a fault, and leaves no files of half of it', async () => {
  const all = await chain(hq(5), documents, {}, { otherwise: (number) => (number > 9 ? { status: 500 } : undefined) });
  await expect(all.run()).rejects.toThrow(Fault);
  expect(existsSync(join(all.out, 'hq.jsonl'))).toBe(false);
  expect(readFileSync(join(all.out, 'journal.jsonl'), 'utf8').split('\n').length).toBeGreaterThan(2);
  await all.server.close();
});

function question(document: string) {
  return { question: `why would ${[...document.split(' ')[0]!].reverse().join('')} do so when all else is as before` };
}
