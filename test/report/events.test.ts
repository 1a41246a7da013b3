import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Fault } from '../../plan/fault.js';
import { readEvents } from '../../report/events.js';
import { runFolder, scratch, stepLine } from './folder.js';

const steps = (text: string) => readEvents(runFolder('run', text)).map(({ step, loss }) => [step, loss]);

describe('readEvents', () => {
  test('gives every step, with or without a last line break, on any system', () => {
    const [a, b] = [stepLine(1, 2.5), stepLine(2, 2.25)];
    const expected = [
      [1, 2.5],
      [2, 2.25],
    ];
    expect(steps(`${a}\n${b}\n`)).toEqual(expected);
    expect(steps(`${a}\n${b}`)).toEqual(expected);
    expect(steps(`${a}\r\n${b}\r\n`)).toEqual(expected);
    expect(steps('')).toEqual([]);
  });

  test('leaves out a last line cut short anywhere', () => {
    const line = stepLine(2, 2.25);
    for (let cut = 1; cut < line.length; cut++)
      expect(steps(`${stepLine(1, 2.5)}\n${line.slice(0, cut)}`)).toEqual([[1, 2.5]]);
  });

  test('takes the later of steps that were done twice', () => {
    const text = [1, 2, 3, 4].map((step) => stepLine(step, 1)).join('\n');
    expect(steps(`${text}\n${stepLine(3, 0.5)}\n`)).toEqual([
      [1, 1],
      [2, 1],
      [3, 0.5],
    ]);
  });

  test('reads a loss that diverged as NaN', () => {
    expect(steps(`${stepLine(1, null)}\n`)).toEqual([[1, Number.NaN]]);
  });

  test.each([
    ['{"step":1,', 'got text that is not JSON'],
    ['[1]', 'got another kind of value'],
    ['{"step":1}', 'got a wrong or missing "loss"'],
    [stepLine(1.5, 1), 'got a wrong or missing "step"'],
    [stepLine(1, 1).replace('2100', '"fast"'), 'got a wrong or missing "tokens_per_s"'],
  ])('names the line of %s', (bad, got) => {
    const call = () => steps(`${stepLine(1, 1)}\n${bad}\n${stepLine(3, 1)}\n`);
    expect(call).toThrow(Fault);
    expect(call).toThrow(`${join('run', 'events.jsonl')}:2 expected a step`);
    expect(call).toThrow(got);
  });

  test('says what to do where there is no run', () => {
    expect(() => readEvents(join(scratch, 'none'))).toThrow(Fault);
    expect(() => readEvents(join(scratch, 'none'))).toThrow(
      /got no such file\. Name a run folder that `reasontune train` wrote\.$/,
    );
  });
});
