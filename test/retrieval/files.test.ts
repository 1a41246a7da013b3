import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Fault } from '../../plan/fault.js';
import { readQrels, readRun, writeQrels, writeRun } from '../../retrieval/files.js';
import { compareRanked, type Run } from '../../retrieval/ranking.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'reasontune-trec-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function file(bytes: string | Uint8Array): string {
  const path = join(folder, 'given');
  writeFileSync(path, bytes);
  return path;
}

describe('readRun', () => {
  it('reads blanks and tabs, ids with blanks, comments, and orders by score', () => {
    const text =
      '# made by hand\nq1 Q0 a b.txt 9 1.5 tag\nq1   Q0  c  1  2e0  tag\r\n\nq2\tQ0\td  e\t1\t  -.5\ttag of words\n';
    expect(readRun(file(text))).toEqual(
      new Map([
        [
          'q1',
          [
            { id: 'c', score: 2 },
            { id: 'a b.txt', score: 1.5 },
          ],
        ],
        ['q2', [{ id: 'd  e', score: -0.5 }]],
      ]),
    );
  });

  it.each([
    ['too few fields', 'q Q0 d 1 tag'],
    ['a score that is no number', 'q Q0 d 1 high tag'],
    ['a score out of range', 'q Q0 d 1 1e999 tag'],
    ['a hexadecimal score', 'q Q0 d 1 0x10 tag'],
    ['no score between tabs', 'q\tQ0\td\t1\t\ttag'],
    ['no document between tabs', 'q\tQ0\t\t1\t0.5\ttag'],
    ['judgements', 'q\t0\td\t1'],
  ])('refuses %s', (_what, line) => {
    const path = file(`q Q0 x 1 2 tag\n${line}\n`);
    expect(() => readRun(path)).toThrow(Fault);
    expect(() => readRun(path)).toThrow(
      `Expected "query Q0 document rank score tag" for ${path}:2, got ${JSON.stringify(line)}.`,
    );
  });

  it.each(['nan', 'NaN', '-inf', 'Infinity'])('says of the score %s that it is not finite', (score) => {
    const path = file(`q Q0 x 1 2 tag\nq Q0 y 2 ${score} tag\n`);
    expect(() => readRun(path)).toThrow(`Expected a finite score for ${path}:2, got "${score}" for document "y".`);
  });

  it('notes ranks that contradict the scores, and lets the scores decide', () => {
    const notes: string[] = [];
    const good = 'q Q0 a 2 1 t\nq Q0 b 1 2 t\nr Q0 a 1 1 t\nr Q0 b 2 1 t\ns Q0 a 0 1 t\ns Q0 b 0 2 t\n';
    readRun(file(good), (note) => notes.push(note));
    expect(notes).toEqual([]);
    const path = file(`${good}u Q0 a 1 1 t\nu Q0 b 2 2 t\n`);
    expect(readRun(path, (note) => notes.push(note)).get('u')![0]).toEqual({ id: 'b', score: 2 });
    expect(notes).toEqual([`${path}: ranks contradict scores for 1 of 4 queries; scores decide, as in trec_eval`]);
  });

  it('refuses a document twice for a query, and a file that is not there', () => {
    expect(() => readRun(file('q Q0 d 1 2 t\nr Q0 d 1 2 t\nq Q0 d 2 1 t\n'))).toThrow(/given:3, got "d" a second time/);
    expect(() => readRun(join(folder, 'none'))).toThrow(
      /^Expected a readable file for .*none, got .*\. Check the path\.$/,
    );
  });
});

describe('readQrels', () => {
  it('reads grades, also below 0', () => {
    expect(readQrels(file('q 0 a 1\nq 0 b c -2\nr\t0\ta\t3\n'))).toEqual(
      new Map([
        [
          'q',
          new Map([
            ['a', 1],
            ['b c', -2],
          ]),
        ],
        ['r', new Map([['a', 3]])],
      ]),
    );
  });

  it('reads BEIR’s three columns under their header', () => {
    const beir = 'query-id\tcorpus-id\tscore\nq 1\ta\t1\nq 1\tb\t0\n';
    expect(readQrels(file(beir))).toEqual(
      new Map([
        [
          'q 1',
          new Map([
            ['a', 1],
            ['b', 0],
          ]),
        ],
      ]),
    );
    expect(() => readQrels(file(`${beir}q\tc\n`))).toThrow(/Expected "query<tab>document<tab>grade" for .*given:4/);
  });

  it.each(['q 0 d', 'q 0 d 0.5', 'q 0 d one', 'q\td\t1'])('refuses %j', (line) => {
    expect(() => readQrels(file(`${line}\n`))).toThrow(/^Expected "query 0 document grade" for .*given:1/);
  });

  it('refuses a document judged twice', () => {
    expect(() => readQrels(file('q 0 d 1\nq 0 d 1\n'))).toThrow(/given:2, got "d" a second time/);
  });
});

const id = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 8 })
  .map((text) => text.replace(/[\t\r\n]/g, '-'))
  .filter((text) => text.trim() === text && text !== '' && !text.startsWith('#'));

describe('writing', () => {
  it('gives back a run exactly', () => {
    const one = fc.uniqueArray(fc.record({ id, score: fc.double({ noNaN: true, noDefaultInfinity: true }) }), {
      selector: (r) => r.id,
      minLength: 1,
      maxLength: 5,
    });
    const runs = fc.uniqueArray(fc.tuple(id, one), { selector: ([query]) => query, maxLength: 4 });
    fc.assert(
      fc.property(runs, (entries) => {
        const run: Run = new Map(
          entries.map(([query, ranked]) => [
            query,
            ranked.map(({ id, score }) => ({ id, score: score + 0 })).sort(compareRanked),
          ]),
        );
        for (const path of ['written', 'written.json'].map((name) => join(folder, name))) {
          writeRun(path, run, 'tag');
          expect(readRun(path)).toEqual(run);
        }
      }),
    );
  });

  it('gives back judgements exactly', () => {
    const grades = fc.dictionary(id, fc.integer({ min: -9, max: 9 }), {
      minKeys: 1,
      maxKeys: 4,
      noNullPrototype: true,
    });
    fc.assert(
      fc.property(fc.dictionary(id, grades, { maxKeys: 3, noNullPrototype: true }), (all) => {
        const qrels = new Map(Object.entries(all).map(([query, one]) => [query, new Map(Object.entries(one))]));
        for (const path of ['written', 'written.json'].map((name) => join(folder, name))) {
          writeQrels(path, qrels);
          expect(readQrels(path)).toEqual(qrels);
        }
      }),
    );
  });

  it('writes ranks from 1 and scores in full', () => {
    const path = join(folder, 'ranks');
    writeRun(
      path,
      new Map([
        [
          'q',
          [
            { id: 'a', score: Math.fround(0.1) },
            { id: 'b', score: 0 },
          ],
        ],
      ]),
      'bm25',
    );
    expect(readFileSync(path, 'utf8')).toBe('q\tQ0\ta\t1\t0.10000000149011612\tbm25\nq\tQ0\tb\t2\t0\tbm25\n');
  });

  it('refuses ids that the format cannot hold, and leaves what was there', () => {
    const path = join(folder, 'kept');
    writeFileSync(path, 'before');
    for (const bad of ['a\tb', 'a\nb', ' a', '']) {
      expect(() => writeRun(path, new Map([['q', [{ id: bad, score: 1 }]]]), 't')).toThrow(Fault);
      expect(() => writeQrels(path, new Map([[bad, new Map([['d', 1]])]]))).toThrow(Fault);
    }
    expect(() => writeQrels(path, new Map([['#q', new Map([['d', 1]])]]))).toThrow(/start a comment/);
    expect(readFileSync(path, 'utf8')).toBe('before');
    expect(readdirSync(folder).filter((name) => name.endsWith('.part'))).toEqual([]);
    expect(() => writeQrels(join(folder, 'no/such'), new Map())).toThrow(/^Expected a writable file for/);
    expect(existsSync(join(folder, 'no'))).toBe(false);
  });
});

describe('JSON form', () => {
  function json(text: string): string {
    const path = join(folder, 'given.json');
    writeFileSync(path, text);
    return path;
  }

  it.each([
    ['no JSON', '{"q": {"d": 1', /Expected JSON for .*given\.json/],
    ['a list', '[]', /Expected .*"document": score.* got something else\./],
    ['a score that is text', '{"q": {"d": "1"}}', /got something else at "q", "d"\./],
    ['a score that is null, as NaN is written', '{"q": {"d": null}}', /finite scores .* at "q", "d"/],
    ['an infinite score', '{"q": {"d": 1e999}}', /finite scores .* at "q", "d"/],
  ])('refuses a run with %s', (_what, text, message) => {
    expect(() => readRun(json(text))).toThrow(Fault);
    expect(() => readRun(json(text))).toThrow(message);
  });

  it('refuses grades that are no whole numbers', () => {
    expect(() => readQrels(json('{"q": {"d": 0.5}}'))).toThrow(/integer grades .* at "q", "d"/);
  });
});

describe('any bytes', () => {
  const piece = fc.constantFrom('q', 'Q0', 'd', '1', '0.5', '-1', 'tag', ' ', '\t', '\n', '\r\n', '#', '\uFEFF', 'é');
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 100 }),
    fc.array(piece, { maxLength: 40 }).map((parts) => Buffer.from(parts.join(''))),
  );
  it.each([
    ['readRun', readRun],
    ['readQrels', readQrels],
  ])('%s gives a result or a Fault', (_name, read: (path: string) => ReadonlyMap<string, unknown>) => {
    fc.assert(
      fc.property(bytes, (content) => {
        const path = file(content);
        try {
          for (const query of read(path).keys()) expect(query).not.toBe('');
        } catch (error) {
          expect(error).toBeInstanceOf(Fault);
          expect((error as Fault).message).not.toContain('\n');
        }
      }),
      { numRuns: 500 },
    );
  });

  it('a valid run cut anywhere gives a shorter run or a Fault', () => {
    const whole = 'q1 Q0 a b 1 2.5 tag\nq1\tQ0\tc\t2\t1.5\ttag\nq2 Q0 d 1 3 tag\n';
    for (let size = 0; size <= whole.length; size++) {
      const path = file(whole.slice(0, size));
      try {
        expect(readRun(path).size).toBeLessThanOrEqual(2);
      } catch (error) {
        expect(error).toBeInstanceOf(Fault);
      }
    }
  });
});
