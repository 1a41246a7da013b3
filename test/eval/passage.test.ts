import { describe, expect, it } from 'vitest';
import { passageOf } from '../../eval/passage.js';

const shown = (question: string, text: string, length: number) => {
  const { words, more } = passageOf(question, text, length);
  return [words.map((word) => (word.marked ? `*${word.text}*` : word.text)).join(' '), ...more];
};

describe('a passage', () => {
  it('is the window with most of the question’s different terms, marked whatever their endings', () => {
    const text = `statins statins ${'and '.repeat(30)} the statin lowers cholesterol. ${'more '.repeat(30)}`;
    const [words, before, after] = shown('Do statins lower cholesterol?', text, 12);
    expect(words).toContain('*statin* *lowers* *cholesterol.*');
    expect((words as string).split(' ')).toHaveLength(12);
    expect([before, after]).toEqual([true, true]);
  });

  it('is the beginning where nothing matches, and all of a short text', () => {
    expect(shown('zebra', 'one two  three four', 2)).toEqual(['one two', false, true]);
    expect(shown('two', ' one two\nthree ', 9)).toEqual(['one *two* three', false, false]);
    expect(shown('three', 'one two three', 2)).toEqual(['two *three*', true, false]);
    expect(shown('a', '', 3)).toEqual(['', false, false]);
  });
});
