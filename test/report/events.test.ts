import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Fault } from '../../plan/fault.js';
import { readHistory } from '../../report/events.js';
import { elapsed } from '../../report/runs/elapsed.js';
import { runFolder, scratch, stepLine } from './folder.js';

const steps = (text: string) => {
  const { steps: read } = readHistory(runFolder('run', text));
  return [...read.column('step')].map((step, i) => [step, read.column('loss')[i]]);
};

describe('readHistory', () => {
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

  test('reads scores in training beside the steps, and passes over kinds it does not know', () => {
    const evaluated = (step: number, score: number | null) =>
      JSON.stringify({ eval: { step, set: 'pep', split: 'dev', metrics: { 'nDCG@10': score } } });
    const lines = [stepLine(1, 1), evaluated(1, 0.3), '{"remined":{"source":"a"}}', stepLine(2, 1), evaluated(2, null)];
    const { steps, evaluations } = readHistory(runFolder('evaluated', `${lines.join('\n')}\n`));
    expect([...steps.column('step')]).toEqual([1, 2]);
    expect(evaluations.map(({ step, metrics }) => [step, metrics['nDCG@10']])).toEqual([
      [1, 0.3],
      [2, Number.NaN],
    ]);
    // Continued from step 1: what came after is done again.
    const again = [...lines, stepLine(2, 0.5), evaluated(2, 0.4)].join('\n');
    expect(readHistory(runFolder('again', again)).evaluations.map(({ metrics }) => metrics['nDCG@10'])).toEqual([
      0.3, 0.4,
    ]);
  });

  test('reads files larger than its chunks, whatever lies across their ends', () => {
    const text = Array.from({ length: 60_000 }, (_, i) => stepLine(i + 1, 1, 'é'.repeat(20))).join('\n');
    expect(Buffer.byteLength(text)).toBeGreaterThan(2 * 2 ** 22);
    const { steps: read } = readHistory(runFolder('large', text));
    expect(read.length).toBe(60_000);
    expect(read.sources).toEqual(['é'.repeat(20)]);
  });

  test('elapsed goes on where a continued run counts its seconds anew', () => {
    const lines = [8, 16, 4, 12].map((seconds, i) => JSON.stringify({ ...JSON.parse(stepLine(i + 1, 1)), seconds }));
    expect([...elapsed(readHistory(runFolder('gone-on', lines.join('\n'))).steps)]).toEqual([8, 16, 20, 28]);
  });

  test.each([
    ['{"eval":{"step":1}}', 'got a wrong or missing "eval.set"'],
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
    expect(() => readHistory(join(scratch, 'none'))).toThrow(Fault);
    expect(() => readHistory(join(scratch, 'none'))).toThrow(
      /got no such file\. Name a run folder that `reasontune train` wrote\.$/,
    );
  });
});
