import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { Journal } from '../../endpoint/journal.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'reasontune-journal-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const schema = z.strictObject({ id: z.string(), text: z.string() });
const record = (id: string, text = `Zoë ${id}\n`) => ({ id, text });

function open(found: unknown[] = []) {
  return new Journal(join(folder, 'out.jsonl'), { schema, keyOf: ({ id }) => id, onRecord: (one) => found.push(one) });
}

describe('a journal', () => {
  it('writes each record once, over several runs', () => {
    const first = open();
    expect([first.add(record('a')), first.add(record('b')), first.add(record('a', 'another'))]).toEqual([
      true,
      true,
      false,
    ]);
    first.close();
    const found: unknown[] = [];
    const second = open(found);
    expect(found).toEqual([record('a'), record('b')]);
    expect([second.has('b'), second.has('c'), second.size]).toEqual([true, false, 2]);
    expect([second.add(record('b')), second.add(record('c'))]).toEqual([false, true]);
    second.close();
    const lines = readFileSync(second.path, 'utf8').trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual(['a', 'b', 'c'].map((id) => record(id)));
  });

  it('drops a last line that was cut anywhere, and writes that record anew', () => {
    const first = open();
    first.add(record('a', 'é'.repeat(1 << 20)));
    first.close();
    const whole = readFileSync(first.path);
    const line = Buffer.from(`${JSON.stringify(record('b'))}\n`);
    for (let cut = 0; cut < line.length; cut++) {
      writeFileSync(first.path, Buffer.concat([whole, line.subarray(0, cut)]));
      const next = open();
      expect(next.size).toBe(1);
      expect(next.add(record('b'))).toBe(true);
      next.close();
      expect(readFileSync(first.path).equals(Buffer.concat([whole, line]))).toBe(true);
    }
  });

  it('refuses a line that is none of its records, and a file that another process writes', () => {
    const first = open();
    first.add(record('a'));
    first.close();
    appendFileSync(first.path, '{"id": 3}\n');
    expect(() => open()).toThrow(/Expected a record that we wrote for .*out\.jsonl:2, got another/);
    writeFileSync(join(folder, 'out.jsonl.lock'), String(process.ppid));
    expect(() => open()).toThrow(/for this run alone, but process \d+ is writing to it/);
  });
});
