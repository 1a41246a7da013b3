import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readJsonl, readLines, shown } from '../../data/jsonl.js';
import { Fault } from '../../plan/fault.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'reasontune-jsonl-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function file(bytes: string | Uint8Array, name = 'a.jsonl'): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

describe('readLines', () => {
  it('numbers lines from 1, drops the byte order mark and carriage returns, and keeps blank lines', () => {
    expect([...readLines(file('\uFEFFone\r\n\r\nthree'))]).toEqual([
      { line: 1, text: 'one' },
      { line: 2, text: '' },
      { line: 3, text: 'three' },
    ]);
  });

  it('reads a line that spans several chunks, and characters cut by a chunk', () => {
    const long = 'aé漢😀'.repeat(300_000);
    const lines = [...readLines(file(`x${long}\n${long}\nend\n`))].map(({ text }) => text);
    expect(lines.length).toBe(3);
    expect(lines[0] === `x${long}` && lines[1] === long && lines[2] === 'end').toBe(true);
  });

  it('names file and line of bytes that are not UTF-8', () => {
    const path = file(Buffer.from([0x61, 0x0a, 0xff, 0xfe, 0x0a]));
    expect(() => [...readLines(path)]).toThrow(
      new Fault(`Expected UTF-8 text for ${path}:2, got other bytes. Save the file as UTF-8.`),
    );
  });
});

describe('readJsonl', () => {
  it('reads plain and gzip, told by the bytes and not by the name', () => {
    const text = '{"a":1}\n\n[2]\n';
    const values = [
      { line: 1, value: { a: 1 } },
      { line: 3, value: [2] },
    ];
    expect([...readJsonl(file(text))]).toEqual(values);
    expect([...readJsonl(file(gzipSync(text), 'packed.jsonl'))]).toEqual(values);
    expect([...readJsonl(file(text, 'plain.jsonl.gz'))]).toEqual(values);
  });

  it('names file and line of malformed JSON, on one line', () => {
    const path = file('{"a":1}\n{"b":\r2,\t\n');
    expect(() => [...readJsonl(path)]).toThrow(Fault);
    expect(() => [...readJsonl(path)]).toThrow(
      /^Expected JSON for .*a\.jsonl:2, got "\{\\"b\\":\\r2,\\t"\. Correct or delete that line\.$/,
    );
  });

  it('refuses a missing file, a folder and a truncated gzip file', () => {
    expect(() => [...readJsonl(join(folder, 'none'))]).toThrow(/^Expected a readable file for .*none, got no file\./);
    expect(() => [...readJsonl(folder)]).toThrow(/got a folder/);
    const packed = gzipSync('{"a":1}\n'.repeat(1000));
    const path = file(packed.subarray(0, packed.length - 9), 'cut.jsonl.gz');
    expect(() => [...readJsonl(path)]).toThrow(
      /^Expected a whole gzip file for .*cut\.jsonl\.gz, got one with unexpected end of file/,
    );
  });

  it('gives values or a Fault for any bytes', () => {
    const jsonish = fc
      .array(fc.constantFrom('{', '}', '"', 'a', ':', '1', '\n', '\r', 'é', ','))
      .map((parts) => Buffer.from(parts.join('')));
    const anything = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      jsonish,
      fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.concat([Buffer.from([0x1f, 0x8b, 8]), bytes])),
    );
    fc.assert(
      fc.property(anything, (bytes) => {
        const path = file(bytes, 'fuzz');
        try {
          for (const { line } of readJsonl(path)) expect(line).toBeGreaterThan(0);
        } catch (error) {
          expect(error).toBeInstanceOf(Fault);
          expect((error as Fault).message).not.toContain('\n');
        }
      }),
    );
  });

  it('gives back what was written, however a gzip file of it is cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.jsonValue(), { maxLength: 8 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (values, share) => {
          const packed = gzipSync(values.map((value) => `${JSON.stringify(value)}\n`).join(''));
          const written = values.map((value) => JSON.parse(JSON.stringify(value)));
          expect(Array.from(readJsonl(file(packed, 'whole')), ({ value }) => value)).toEqual(written);
          // From two bytes on it is gzip, and a cut one is refused.
          const size = 2 + Math.floor(share * (packed.length - 2));
          if (size < packed.length) {
            expect(() => [...readJsonl(file(packed.subarray(0, size), 'cut'))]).toThrow(Fault);
          }
        },
      ),
    );
  });
});

describe('shown', () => {
  it('is one line, cut short', () => {
    expect(shown('a\nb')).toBe('"a\\nb"');
    expect(shown(undefined)).toBe('undefined');
    expect(shown('x'.repeat(100)).length).toBe(61);
  });
});
