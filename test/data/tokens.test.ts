import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { tokenize } from '../../data/token-cache.js';
import { openTokens } from '../../data/tokens/store.js';
import { loadTokenizer, type Tokenizer } from '../../encoder/tokenizer.js';
import { miniLM } from '../support/minilm.js';

let scratch: string;
let model: string;
beforeAll(async () => {
  model = await miniLM();
  scratch = mkdtempSync(join(tmpdir(), 'reasontune-tokens-'));
});
afterAll(() => rmSync(scratch, { recursive: true }));

describe('the token cache', () => {
  const encode = vi.fn((text: string, longest: number) =>
    Int32Array.from([...text].slice(0, longest), (c) => c.codePointAt(0) as number),
  );
  const tokenizer: Tokenizer = { after: 0, hash: 'letters', encode };
  const how = { tokenizer, prompt: '', maxLength: 8 };
  const texts = ['one', 'two', '', 'a longer text'];
  let cache: string;

  beforeEach(() => {
    cache = mkdtempSync(join(scratch, 'cache-'));
    vi.stubEnv('REASONTUNE_CACHE', cache);
    encode.mockClear();
    return () => vi.unstubAllEnvs();
  });

  it('tokenizes the same texts once, and gives them back', async () => {
    const first = await tokenize(texts, how);
    expect(encode).toHaveBeenCalledTimes(4);
    expect(await tokenize(texts, how)).toEqual(first);
    expect(encode).toHaveBeenCalledTimes(4);
    expect(first.map((ids) => String.fromCodePoint(...ids))).toEqual(['one', 'two', '', 'a longer']);
  });

  it.each([
    ['text', [...texts, 'more'], how],
    ['cut of the same letters', ['on', 'etwo', '', 'a longer text'], how],
    ['prompt', texts, { ...how, prompt: 'q' }],
    ['length', texts, { ...how, maxLength: 9 }],
    ['tokenizer', texts, { ...how, tokenizer: { ...tokenizer, hash: 'other' } }],
  ])('another %s is tokenized anew', async (_what, others, otherHow) => {
    await tokenize(texts, how);
    encode.mockClear();
    await tokenize(others, otherHow);
    expect(encode).toHaveBeenCalledTimes(others.length);
  });

  it.each([0, 10, 0.5, 0.9])('a file cut to %d is made anew', async (end) => {
    const first = await tokenize(texts, how);
    const folder = join(cache, 'tokens');
    const file = join(folder, readdirSync(folder).find((name) => name.endsWith('.arrow')) as string);
    const whole = readFileSync(file);
    writeFileSync(file, whole.subarray(0, end < 1 ? Math.floor(whole.length * end) : end));
    expect(await tokenize(texts, how)).toEqual(first);
    expect(readFileSync(file).equals(whole)).toBe(true);
  });
});

describe('tokens on disk', () => {
  let cache: string;
  beforeEach(() => {
    cache = mkdtempSync(join(scratch, 'store-'));
    vi.stubEnv('REASONTUNE_CACHE', cache);
    return () => vi.unstubAllEnvs();
  });
  const files = () => readdirSync(join(cache, 'tokens')).sort();
  // Four shards and more, which is worth threads.
  const texts = Array.from({ length: 9000 }, (_, i) => `Text ${i}: ${`word${i % 997} thing `.repeat(100)}end.`);

  it('are what the tokenizer makes, built by threads, twice at once, and read one by one', async () => {
    const tokenizer = loadTokenizer(model, 30522);
    const how = { tokenizer, prompt: 'q: ', maxLength: 60 };
    const [one, other] = await Promise.all([openTokens(texts, how), openTokens(texts, how)]);
    expect(files().filter((name) => name.endsWith('.arrow'))).toHaveLength(4);
    expect(files().filter((name) => name.endsWith('.json'))).toHaveLength(1);
    expect(files().filter((name) => name.endsWith('.tmp'))).toEqual([]);
    for (const i of [0, 8999, 3333, 5000, 5001, 17]) {
      const ids = tokenizer.encode(`q: ${texts[i]}`, 60);
      expect(one.at(i)).toEqual(ids);
      expect(other.at(i)).toEqual(ids);
      expect(one.lengthOf(i)).toBe(ids.length);
    }
    expect(one.length).toBe(9000);
    expect(one.tokens).toBe(9000 * 60);
    expect((await tokenize(texts, how))[5000]).toEqual(one.at(5000));

    // More texts at the end: the full shards before stay, and are not made again.
    const before = files();
    const more = await openTokens([...texts, 'a new one'], how);
    expect(more.at(9000)).toEqual(tokenizer.encode('q: a new one', 60));
    expect(files().filter((name) => name.endsWith('.arrow') && !before.includes(name))).toHaveLength(1);
    for (const store of [one, other, more]) store.close();
  });

  it.each<[string, (bytes: Buffer) => Buffer]>([
    ['cut', (bytes) => bytes.subarray(0, bytes.length >> 1)],
    [
      'one byte of a token changed',
      (bytes) => Buffer.from(bytes.map((byte, i) => (i === bytes.length >> 1 ? byte ^ 1 : byte))),
    ],
    ['emptied', () => Buffer.alloc(0)],
  ])('of a shard that is %s are made anew, that shard alone', async (_name, damage) => {
    const encode = vi.fn((text: string) => Int32Array.from(text.slice(5, 9), (c) => c.charCodeAt(0)));
    const how = { tokenizer: { after: 0, hash: 'four letters', encode }, prompt: '', maxLength: 60 };
    const first = await openTokens(texts, how);
    const [name] = files().filter((file) => file.endsWith('.arrow'));
    const path = join(cache, 'tokens', name as string);
    const whole = readFileSync(path);
    writeFileSync(path, damage(whole));
    encode.mockClear();
    const second = await openTokens(texts, how);
    expect(encode.mock.calls.length).toBeGreaterThan(0);
    expect(encode.mock.calls.length).toBeLessThan(5000);
    expect(readFileSync(path).equals(whole)).toBe(true);
    for (const i of [0, 4500, 8999]) expect(second.at(i)).toEqual(first.at(i));
    for (const store of [first, second]) store.close();
  });
});
