import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { curvesOf, thinned } from '../../board/events/curve.js';
import { EventLog } from '../../board/events/log.js';
import { columns, scanStep } from '../../report/step-line.js';
import { movingAverage, spanFor } from '../../report/training/smooth.js';
import { stepLine } from '../report/folder.js';

const scratch = mkdtempSync(join(tmpdir(), 'reasontune-board-events-'));
const file = join(scratch, 'events.jsonl');
afterAll(() => rmSync(scratch, { recursive: true }));

describe('scanStep', () => {
  const values = new Float64Array(columns.length);
  const source = { start: 0, end: 0 };
  const scan = (line: string): boolean => {
    const bytes = Buffer.from(line);
    return scanStep(bytes, 0, bytes.length, values, source);
  };

  it('reads what JSON.parse reads, whatever the numbers', () => {
    const number = fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true, min: 1e-290, max: 1e290 }),
      fc.double({ min: -1000, max: 1000, noNaN: true }),
      fc.integer(),
      fc.constant(null),
    );
    fc.assert(
      fc.property(
        fc.nat(),
        fc.tuple(number, number, number, number, number, number, number),
        fc.stringMatching(/^[a-zé -]*$/),
        (step, given, name) => {
          const record = Object.fromEntries(columns.map((column, i) => [column, i === 0 ? step : given[i - 1]]));
          const line = JSON.stringify({ ...record, device_mb: 3, source: name });
          expect(scan(line)).toBe(true);
          columns.forEach((column, i) => {
            const [want, got] = [record[column] ?? Number.NaN, values[i] as number];
            expect(
              got === want ||
                (Number.isNaN(want) && Number.isNaN(got)) ||
                Math.abs(got - want) <= 1e-15 * Math.abs(want) + 1e-300,
            ).toBe(true);
          });
          expect(Buffer.from(line).toString('utf8', source.start, source.end)).toBe(name);
        },
      ),
    );
  });

  it.each([
    '',
    '{}',
    '{"step":1',
    '{"step":-1,"loss":1}',
    '{"loss":1}',
    '{"step":1,"loss":{"a":1}}',
    '{"step":1.5}',
    '{"eval":{"step":1}}',
    '{"step":1,"source":"a\\"b"}',
    '{"step":1, "loss":2}',
    '{"step":1,}',
    '{"step":"1"}',
  ])('leaves %s to JSON.parse', (line) => expect(scan(line)).toBe(false));
});

describe('EventLog', () => {
  const losses = (log: EventLog): number[] => [...log.steps.column('loss')];

  it('reads on where it stopped, also in the middle of a line', async () => {
    writeFileSync(file, `${stepLine(1, 2)}\n${stepLine(2, 1.5)}`);
    const log = new EventLog(file);
    await log.look();
    expect(losses(log)).toEqual([2]);
    appendFileSync(
      file,
      `\n{"eval":{"step":2,"set":"pep","split":"dev","metrics":{"nDCG@10":0.4}}}\n${stepLine(3, null).replace('{', '{ ')}\nnoise\n`,
    );
    await log.look();
    expect(losses(log)).toEqual([2, 1.5, Number.NaN]);
    expect(log.unread).toEqual({ count: 1, first: 5 });
    const { evals, measured, notes } = curvesOf(log, 'tokens');
    expect(evals).toMatchObject([{ name: 'pep dev nDCG@10', x: [34_000], y: [0.4] }]);
    expect(measured.loss).toMatchObject([{ x: [17_000, 34_000, 51_000], y: [2, 1.5, null] }]);
    expect(notes).toEqual(['1 lines of events.jsonl could not be read, the first is line 5']);
  });

  it('lets steps that were done again replace the first ones, appended or in a new file', async () => {
    writeFileSync(file, [1, 2, 3].map((step) => `${stepLine(step, step)}\n`).join(''));
    const log = new EventLog(file);
    await log.look();
    appendFileSync(file, `${stepLine(2, 9)}\n`);
    await log.look();
    expect(losses(log)).toEqual([1, 9]);
    writeFileSync(
      `${file}.new`,
      `${stepLine(1, 7)}\n${stepLine(2, 8)}\n${stepLine(3, 9)}\n${stepLine(4, 9)}\n${stepLine(5, 9)}\n`,
    );
    renameSync(`${file}.new`, file);
    await log.look();
    expect(losses(log)).toEqual([7, 8, 9, 9, 9]);
    rmSync(file);
    await log.look();
    expect(log.steps.length).toBe(0);
  });

  it('draws a line for each source', async () => {
    writeFileSync(file, [1, 2, 3].map((step) => `${stepLine(step, step, step === 2 ? 'é' : 'pep')}\n`).join(''));
    const log = new EventLog(file);
    await log.look();
    expect(curvesOf(log, 'step').measured.loss).toMatchObject([
      { name: 'pep', x: [1, 3] },
      { name: 'é', x: [2] },
    ]);
  });
});

describe('thinned', () => {
  it('keeps every spike, and smooths as the pictures do', () => {
    const y = Float64Array.from({ length: 50_000 }, (_, i) => Math.sin(i / 900) + (i === 31_234 ? 50 : 0));
    y[7] = Number.NaN;
    const line = thinned(
      '',
      Float64Array.from(y, (_, i) => i),
      y,
      1000,
    );
    expect(line.y.length).toBeLessThan(1010);
    expect(line.y[line.x.indexOf(31_234)]).toBeCloseTo(50 + Math.sin(31_234 / 900), 3);
    const smooth = movingAverage([...y], spanFor(y.length));
    for (const { x, y: value } of line.smooth) expect(value).toBeCloseTo(smooth[x] as number, 4);
  });

  it('ends with a loss that ceases to be a number, its average too', () => {
    const y = Float64Array.from({ length: 40 }, (_, i) => (i < 29 ? 1 / (i + 1) : Number.NaN));
    const line = thinned(
      '',
      Float64Array.from(y, (_, i) => i),
      y,
    );
    expect(line.y.slice(28)).toEqual([expect.any(Number), ...Array(11).fill(null)]);
    expect(line.smooth.at(-1)?.x).toBe(28);
  });
});
